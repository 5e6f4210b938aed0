"""What comes in about holdings: of the person's, of core's, and what is owed.

All of it is condensed by pure functions before it comes in, so that the log can carry it whole.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.identity import ClientOrderId, PositionId
from robson_domain.instrument import Instrument
from robson_domain.protection import PairRule, SafetyNetMode
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Price, PriceDelta, Quantity


@attrs.frozen(kw_only=True)
class ExternalSeen:
    """What the Safety Net sees of the person's on one pair, its three layers asked.

    Attributes:
        side: Direction of what may be guarded; None = there is nothing.
        quantity: What may be guarded now, base asset: explained by trades (or adopted), beside
            core's, and not covered by a stop that the person placed.
        entry_price: Average price of it; None when nobody knows it.
        price: What the pair trades at.
        excluded: Why nothing may be done on the pair now: ``core_managed``, ``core_unresolved``,
            ``core_closed_lately``, ``ignored``, ``doubt`` …; empty when something may.
        own_stop: Whether stops that the person placed cover it.
        guard: The guard that asked right before sending; empty for an ordinary look.
        ts_event: Venue time, UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    instrument: Instrument
    price: Price
    ts_event: int
    ts_received: int
    side: Side | None = None
    quantity: Quantity = Quantity(0)
    entry_price: Price | None = None
    excluded: str = ""
    own_stop: bool = False
    guard: PositionId = PositionId("")

    @property
    def symbol(self) -> Symbol:
        """The pair."""
        return self.instrument.symbol


@attrs.frozen(kw_only=True)
class CoreSeen:
    """What the account shows of a core position, confirmed by two equal looks.

    Attributes:
        position_id: Which position; nothing of it was unresolved at either look.
        held: What the account holds (long) or owes without interest (short) of it, base asset.
        interest: Interest charged so far, in the borrowed asset.
        price: Average price of the trades that explain a difference; None when none do.
        last_price: What the pair trades at.
        evidence: How a difference is explained, or what is known of it, for the person.
    """

    position_id: PositionId
    symbol: Symbol
    held: Decimal = attrs.field(converter=decimals.exact)
    interest: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    price: Price | None = None
    last_price: Price
    evidence: str = ""
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class DebtReported:
    """What a position that is flat still owes the venue, or a guard that is about to close owes.

    Attributes:
        amount: Owed with interest, in ``asset``.
        free: What of ``asset`` the pair's account holds free, to pay it back with.
        interest: Interest charged since the position was opened, in ``asset``.
        ts_event: Venue time, UTC ns; later than its last fill.
        ts_received: Our receive time, UTC ns.
    """

    position_id: PositionId
    asset: str
    amount: Decimal = attrs.field(converter=decimals.exact)
    free: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    interest: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class DebtUnknown:
    """Nobody could find out what is still owed after the exit of a guard.

    Attributes:
        problem: How often it was asked for, or why there is no answer.
    """

    position_id: PositionId
    problem: str
    ts_received: int


@attrs.frozen(kw_only=True)
class PairDoubted:
    """Looks at a pair show something that only a person can judge.

    Attributes:
        problem: What it is and what to do about it; the same about the same.
    """

    symbol: Symbol
    problem: str
    ts_received: int


@attrs.frozen(kw_only=True)
class ForeignOrderSeen:
    """An order that carries our prefix and is not in this database."""

    symbol: Symbol
    client_order_id: ClientOrderId
    ts_received: int


@attrs.frozen(kw_only=True)
class NoTraceSeen:
    """The account shows no trace of an order in doubt, though it is not as the log would have it.

    Its executions since before the order was sent are all of other orders, and explain whatever
    its balance has changed by since then.

    Attributes:
        ts_event: Venue time of the balance; the executions were read after it. UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    symbol: Symbol
    client_order_id: ClientOrderId
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class BeyondFlatSeen:
    """An exit went beyond flat: somebody else had closed the position before it was executed.

    Attributes:
        quantity: How far beyond, base asset.
        evidence: Who had closed it, for the person.
        ts_event: Venue time of the latest of them, UTC ns.
        ts_received: Our receive time, UTC ns.
    """

    position_id: PositionId
    symbol: Symbol
    quantity: Quantity
    evidence: str
    ts_event: int
    ts_received: int


@attrs.frozen(kw_only=True)
class SetSafetyNet:
    """The person, or the settings at a start, say what the Safety Net may do."""

    command_id: str
    mode: SafetyNetMode
    ts_received: int


@attrs.frozen(kw_only=True)
class SetPairRule:
    """The person says what is to be done with what they hold on a pair."""

    command_id: str
    symbol: Symbol
    rule: PairRule
    ts_received: int


@attrs.frozen(kw_only=True)
class HandOver:
    """The person gives what is guarded on a pair to core: its stop trails from now on.

    Attributes:
        stop_distance: D, above zero; None = the distance that the guard has.
    """

    command_id: str
    symbol: Symbol
    ts_received: int
    stop_distance: PriceDelta | None = None


@attrs.frozen(kw_only=True)
class ClearWarning:
    """The person has dealt with a quarantined pair, or with another Robson (``symbol`` None)."""

    command_id: str
    symbol: Symbol | None
    ts_received: int
