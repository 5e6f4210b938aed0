"""Everything that can come into the core: one closed union.

``cause`` names an input in the log; ``ts_received`` is its arrival, ``ts_event`` the venue's
time of it (equal where there is no venue), both UTC ns.
"""

from __future__ import annotations

import attrs

from robson_domain.account import AccountSnapshot
from robson_domain.errors import ValidationError
from robson_domain.identity import PositionId
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.position import CloseReason, DetectorSpec
from robson_domain.protection_inputs import (
    BeyondFlatSeen,
    ClearWarning,
    CoreSeen,
    DebtReported,
    DebtUnknown,
    ExternalSeen,
    ForeignOrderSeen,
    HandOver,
    NoTraceSeen,
    PairDoubted,
    SetPairRule,
    SetSafetyNet,
)
from robson_domain.reports import OrderReport
from robson_domain.risk import RiskConfig
from robson_domain.risk_limits import RiskLimits
from robson_domain.signals import DetectorSignal
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Money, Price


@attrs.frozen(kw_only=True)
class ArmPosition:
    """The person arms a position: a detector may enter once."""

    command_id: str
    position_id: PositionId
    symbol: Symbol
    side: Side
    risk: RiskConfig
    instrument: Instrument
    detector: DetectorSpec
    ts_received: int
    accept_costs: bool = False
    expires_at: int = 0


@attrs.frozen(kw_only=True)
class DisarmPosition:
    """The person takes an armed position back."""

    command_id: str
    position_id: PositionId
    ts_received: int


@attrs.frozen(kw_only=True)
class ClosePosition:
    """The person, or the end of the data, closes a position now."""

    command_id: str
    position_id: PositionId
    ts_received: int
    reason: CloseReason = CloseReason.CLOSE


@attrs.frozen(kw_only=True)
class Panic:
    """The person ends everything: disarm what is armed, close what is open."""

    command_id: str
    ts_received: int


@attrs.frozen(kw_only=True)
class AcknowledgeError:
    """The person has dealt with a position in Error that is flat and settled."""

    command_id: str
    position_id: PositionId
    ts_received: int


@attrs.frozen(kw_only=True)
class SignalFired:
    """A detector has its signal."""

    signal: DetectorSignal
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class AccountReported:
    """A fresh account snapshot of one pair.

    Attributes:
        last_price: Last trade seen before it arrived, None when there was none.
    """

    snapshot: AccountSnapshot
    last_price: Price | None = None


@attrs.frozen(kw_only=True)
class OrderReported:
    """Something was said about one of our orders."""

    report: OrderReport


@attrs.frozen(kw_only=True)
class TimePassed:
    """Time is an input: nothing else notices silence."""

    ts_received: int


@attrs.frozen(kw_only=True)
class LinkChanged:
    """The market link of a pair went up or down."""

    symbol: Symbol
    up: bool
    ts_received: int


@attrs.frozen(kw_only=True)
class SetRiskLimits:
    """What the account may risk from now on; said by the settings at every start.

    Nobody waits for an answer, so it is no :data:`PersonCommand`.

    Attributes:
        capital: Risk capital of the account, quote currency, above zero.

    Raises:
        ValidationError: When the capital is not above zero.
    """

    command_id: str
    capital: Money = attrs.field()
    limits: RiskLimits
    ts_received: int

    @capital.validator
    def _capital_above_zero(self, _: object, capital: Money) -> None:
        if capital.value <= 0:
            raise ValidationError("capital", f"{capital} must be above zero")


Input = (
    TradeTick
    | TimePassed
    | OrderReported
    | AccountReported
    | SignalFired
    | ArmPosition
    | DisarmPosition
    | ClosePosition
    | Panic
    | AcknowledgeError
    | LinkChanged
    | SetRiskLimits
    | ExternalSeen
    | CoreSeen
    | DebtReported
    | ForeignOrderSeen
    | DebtUnknown
    | PairDoubted
    | NoTraceSeen
    | BeyondFlatSeen
    | SetSafetyNet
    | SetPairRule
    | HandOver
    | ClearWarning
)
PersonCommand = (
    ArmPosition
    | DisarmPosition
    | ClosePosition
    | Panic
    | AcknowledgeError
    | SetSafetyNet
    | SetPairRule
    | HandOver
    | ClearWarning
)


def cause_of(entry: Input) -> str:
    """Return the id under which the log names ``entry`` as a cause."""
    match entry:
        case TradeTick():
            return f"trade:{entry.symbol}:{entry.trade_id}"
        case OrderReported(report=report):
            return f"report:{report.client_order_id}"
        case AccountReported(snapshot=snapshot):
            return f"account:{snapshot.symbol}:{snapshot.ts_event}"
        case SignalFired(signal=signal):
            return f"signal:{signal.signal_id}"
        case TimePassed():
            return f"time:{entry.ts_received}"
        case LinkChanged():
            return f"link:{entry.symbol}:{'up' if entry.up else 'down'}"
        case ExternalSeen() | CoreSeen():
            return f"holdings:{entry.symbol}:{entry.ts_event}"
        case DebtReported():
            return f"debt:{entry.position_id}:{entry.ts_event}"
        case DebtUnknown():
            return f"debt:{entry.position_id}:{entry.ts_received}"
        case PairDoubted():
            return f"holdings:{entry.symbol}:{entry.ts_received}"
        case ForeignOrderSeen():
            return f"order:{entry.client_order_id}"
        case NoTraceSeen():
            return f"trades:{entry.client_order_id}:{entry.ts_event}"
        case BeyondFlatSeen():
            return f"trades:{entry.position_id}:{entry.ts_event}"
        case _:
            return f"command:{entry.command_id}"


def times_of(entry: Input) -> tuple[int, int]:
    """Return ``(ts_event, ts_received)`` of ``entry``, UTC ns."""
    match entry:
        case TradeTick() | SignalFired() | ExternalSeen() | CoreSeen() | DebtReported():
            return entry.ts_event, entry.ts_received
        case NoTraceSeen() | BeyondFlatSeen():
            return entry.ts_event, entry.ts_received
        case OrderReported(report=report):
            return report.ts_event or report.ts_received, report.ts_received
        case AccountReported(snapshot=snapshot):
            return snapshot.ts_event, snapshot.ts_received
        case _:
            return entry.ts_received, entry.ts_received
