"""Facts, logged: one closed union. What happened is never rewritten.

Every event carries its place in the log and its cause; the first event of a step also carries
the input that caused it, so that ``why`` can run the decision again and compare. Most events
belong to a position; those of the account belong to none and change the ledger alone.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.account_events import (
    AnotherRobsonSeen,
    PairQuarantined,
    PairRuleSet,
    RiskLimitsSet,
    SafetyNetSet,
    WarningCleared,
)
from robson_domain.event_base import BaseEvent
from robson_domain.guard_events import (
    GuardBreached,
    GuardDebtSeen,
    GuardFollowed,
    GuardHandedOver,
    GuardOpened,
    GuardReleased,
)
from robson_domain.identity import ClientOrderId
from robson_domain.inputs import ArmPosition
from robson_domain.intents import Intent
from robson_domain.orders import Fill, OrderStatus
from robson_domain.position import CloseReason, Doubt
from robson_domain.signals import DetectorSignal
from robson_domain.values import Money, Price, PriceDelta, Quantity
from robson_domain.venue_events import (
    CancelRequested,
    InterestAccrued,
    PositionReduced,
    RepayRequested,
    VenueStopPlaced,
)


@attrs.frozen(kw_only=True)
class PositionArmed(BaseEvent):
    """A detector may now enter once.

    Attributes:
        command: What the person asked for, whole; the position is made of it.
    """

    command: ArmPosition


@attrs.frozen(kw_only=True)
class PositionDisarmed(BaseEvent):
    """Ended before any signal was acted on: ``disarmed``, ``expired``, ``panic`` …

    Attributes:
        reason: Why nothing was entered.
    """

    reason: CloseReason


@attrs.frozen(kw_only=True)
class EntrySignalReceived(BaseEvent):
    """The detector's one signal was taken; an account snapshot is asked for.

    Attributes:
        signal: What the detector said.
    """

    signal: DetectorSignal


@attrs.frozen(kw_only=True)
class EntryDenied(BaseEvent):
    """We refused the entry before sending anything.

    Attributes:
        code: Which rule refused it: a denial code.
        message: The figures behind it, as a sentence for the person.
    """

    code: str
    message: str


@attrs.frozen(kw_only=True)
class EntryOrderPlaced(BaseEvent):
    """The entry is decided; it is sent once this is durable.

    Attributes:
        intent: The order to be sent.
        stop_distance: D, exact.
        risk_amount: R, the budget the quantity was sized with, quote currency.
        fee_rate: Taker fee used, ratio.
        commission_in_base: Whether a buy pays its commission in base asset.
        checks: Codes of everything that was checked and passed.
        borrows: Whether the venue may lend for it.
    """

    intent: Intent
    stop_distance: PriceDelta
    risk_amount: Money
    fee_rate: Decimal = attrs.field(converter=decimals.exact)
    commission_in_base: bool
    checks: tuple[str, ...]
    borrows: bool = False


@attrs.frozen(kw_only=True)
class EntryFilled(BaseEvent):
    """Part or all of the entry was executed; best and stop follow from it.

    Attributes:
        client_order_id: The entry order.
        fill: The execution, applied once by its trade id.
        order_status: Status of the entry order after this fill.
        open_qty: What is held or owed afterwards, base asset.
        best: Best price since entry after this fill.
        stop: Stop after this fill; never looser than before.
        venue_position_ref: What the venue's own records call the position, when that was said.
    """

    client_order_id: ClientOrderId
    fill: Fill
    order_status: OrderStatus
    open_qty: Quantity
    best: Price
    stop: Price
    venue_position_ref: str = ""


@attrs.frozen(kw_only=True)
class TrailingStopUpdated(BaseEvent):
    """Summary of how far the stop has followed since the last event of the position.

    Attributes:
        best: Best price since entry.
        stop: Where the stop stands now.
        previous_stop: Where it stood at the last event.
    """

    best: Price
    stop: Price
    previous_stop: Price


@attrs.frozen(kw_only=True)
class PositionCloseRequested(BaseEvent):
    """The person wants it closed while the entry is unfilled: remembered.

    Attributes:
        reason: What the exit will give as its reason: ``close`` or ``panic``.
    """

    reason: CloseReason


@attrs.frozen(kw_only=True)
class ExitTriggered(BaseEvent):
    """The latch: from here on the position only closes.

    Attributes:
        reason: Why it is closed.
        price: Price that triggered, None for a command.
        stop: Stop that was hit, or that stood when the command came.
    """

    reason: CloseReason
    price: Price | None
    stop: Price | None


@attrs.frozen(kw_only=True)
class ExitOrderPlaced(BaseEvent):
    """An exit is decided; it is sent once this is durable.

    Attributes:
        intent: The order to be sent.
    """

    intent: Intent


@attrs.frozen(kw_only=True)
class ExitFilled(BaseEvent):
    """Part or all of an exit was executed.

    Attributes:
        client_order_id: The exit order.
        fill: The execution, applied once by its trade id.
        order_status: Status of the exit order after this fill.
        open_qty: What is held or owed afterwards, base asset.
    """

    client_order_id: ClientOrderId
    fill: Fill
    order_status: OrderStatus
    open_qty: Quantity


@attrs.frozen(kw_only=True)
class OrderRejected(BaseEvent):
    """The venue refused an order of ours.

    Attributes:
        client_order_id: Which order.
        code: The venue's code, or ``NOT_SENT`` when nothing left this machine.
        message: The venue's words.
        attempt: Rejections of this kind in a row; from the third on it is an alert.
        retry_at: When the next exit is decided, UTC ns; 0 for entries (never retried).
    """

    client_order_id: ClientOrderId
    code: str
    message: str
    attempt: int
    retry_at: int


@attrs.frozen(kw_only=True)
class OrderInDoubt(BaseEvent):
    """Nobody knows what became of an order; logged again with each piece of evidence.

    Attributes:
        client_order_id: Which order.
        doubt: All evidence so far.
        code: Why there was no answer.
        message: The same as a sentence.
    """

    client_order_id: ClientOrderId
    doubt: Doubt
    code: str
    message: str


@attrs.frozen(kw_only=True)
class OrderResolved(BaseEvent):
    """The venue's last word on an order that was in doubt or ended without its whole fill.

    Attributes:
        client_order_id: Which order.
        order_status: What it ended as, or that it works.
        filled_qty: What was executed of it in all, base asset.
        evidence: How it is known.
    """

    client_order_id: ClientOrderId
    order_status: OrderStatus
    filled_qty: Quantity
    evidence: str


@attrs.frozen(kw_only=True)
class PositionClosed(BaseEvent):
    """Flat and settled.

    Attributes:
        reason: Why it ended.
        realized_pnl: After commissions and interest, quote currency; dust valued at the last exit
            price.
        dust: What was too small to trade, base asset, signed (− owed).
        debt: What is still owed, in the borrowed asset: too small to be dealt with, or of a guard
            what the pair owes that its exit could not repay.
        interest: Interest charged in all, in the borrowed asset.
    """

    reason: CloseReason
    realized_pnl: Money
    dust: Decimal = attrs.field(converter=decimals.exact)
    debt: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)
    interest: Decimal = attrs.field(default=Decimal(0), converter=decimals.exact)


@attrs.frozen(kw_only=True)
class PositionErrored(BaseEvent):
    """A person is needed; what is open keeps its stop.

    Attributes:
        problem: What a person has to look at.
    """

    problem: str


PositionEvent = (
    PositionArmed
    | PositionDisarmed
    | EntrySignalReceived
    | EntryDenied
    | EntryOrderPlaced
    | EntryFilled
    | TrailingStopUpdated
    | PositionCloseRequested
    | ExitTriggered
    | ExitOrderPlaced
    | ExitFilled
    | OrderRejected
    | OrderInDoubt
    | OrderResolved
    | PositionClosed
    | PositionErrored
    | VenueStopPlaced
    | CancelRequested
    | InterestAccrued
    | RepayRequested
    | PositionReduced
    | GuardOpened
    | GuardFollowed
    | GuardBreached
    | GuardReleased
    | GuardHandedOver
    | GuardDebtSeen
)
"""What happened to one position: moves it by its lifecycle table."""
AccountEvent = (
    RiskLimitsSet
    | SafetyNetSet
    | PairRuleSet
    | PairQuarantined
    | AnotherRobsonSeen
    | WarningCleared
)
"""What happened to the account or to a pair as a whole: changes the ledger alone."""
Event = PositionEvent | AccountEvent
