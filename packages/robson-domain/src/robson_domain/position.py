"""A position from armed to closed: one frozen object that only events change."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import attrs

from robson_domain import decimals
from robson_domain.identity import PositionId
from robson_domain.instrument import Instrument
from robson_domain.orders import Order, OrderStatus
from robson_domain.risk import RiskConfig
from robson_domain.signals import DetectorSignal
from robson_domain.symbols import Side, Symbol
from robson_domain.values import (
    ZERO_MONEY,
    ZERO_QUANTITY,
    Money,
    Notional,
    Price,
    PriceDelta,
    Quantity,
)


class PositionStatus(StrEnum):
    """Where a position stands; protection follows quantity, not status."""

    ARMED = "Armed"
    ENTERING = "Entering"
    ACTIVE = "Active"
    EXITING = "Exiting"
    CLOSED = "Closed"
    ERROR = "Error"


class PositionKind(StrEnum):
    """Whose position it is."""

    CORE = "core"
    """Robson entered it."""
    GUARD = "guard"
    """The person opened it by hand; Robson only watches its fixed stop."""


class CloseReason(StrEnum):
    """Why an exit was decided or a position ended."""

    TRAILING_STOP = "trailing_stop"
    CROSSED_IN_GAP = "crossed_in_gap"
    CLOSE = "close"
    PANIC = "panic"
    END_OF_DATA = "end_of_data"
    DISARMED = "disarmed"
    EXPIRED = "expired"
    DENIED = "denied"
    NOT_ENTERED = "not_entered"
    LATE_FILL = "late_fill"
    CLOSED_OUTSIDE = "closed_outside"
    ACKNOWLEDGED = "acknowledged"
    DISASTER_STOP = "disaster_stop"
    """The stop that rests at the venue was executed."""
    SAFETY_STOP = "safety_stop"
    """A guarded position of the person's reached its fixed stop."""
    RELEASED = "released"
    """A guard ended without an order."""


@attrs.frozen(kw_only=True)
class DetectorSpec:
    """Which detector waits for the signal, and with which parameters (canonical text)."""

    name: str
    params: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Doubt:
    """Evidence gathered about an order nobody has confirmed.

    Attributes:
        since: Receive time at which the doubt began, UTC ns.
        ts_signed: Timestamp the request carried, or a later one, venue clock, UTC ns; 0 = not
            known yet, the venue has not been heard of since.
        not_found_at: Latest venue time at which the venue did not know the id; 0 = never.
        snapshots: How many later account snapshots agree with "never executed".
        snapshot_at: Venue time of the latest of them, UTC ns.
    """

    since: int
    ts_signed: int
    not_found_at: int = 0
    snapshots: int = 0
    snapshot_at: int = 0


@attrs.frozen(kw_only=True, weakref_slot=False)
class Position:
    """What is known of one position.

    Attributes:
        instrument: The pair's rules as they were when the position was armed.
        accept_costs: Whether the person overrode ``COSTS_EAT_RISK``.
        expires_at: Armed positions end then, UTC ns; 0 = never.
        signal_at: Receive time of the accepted signal; 0 before.
        past_exits: Exit orders before ``exit_order``; a late fill of one is still applied once.
        opened_at: Venue time of the first entry fill, UTC ns; 0 before. Older prices are none of
            it.
        stop_distance: D, fixed at entry, exact.
        best: Best price since entry as last logged.
        stop: Price at or beyond which the position exits; never loosens.
        open_qty: What is held (long) or owed (short) now, base asset, net of commissions.
        entry_qty: Sum of entry fills, base asset, before commission.
        entry_cost: Sum of entry fills, quote currency.
        exit_qty: Sum of exit fills, base asset, before commission.
        exit_value: Sum of exit fills, quote currency.
        fees_quote: Commissions paid in quote currency, entry and exit.
        fees_base: Commissions paid in base asset, entry and exit.
        fee_rate: Taker fee the entry was sized with, ratio.
        commission_in_base: Whether buys pay commission in base asset, as at entry.
        kind: Whether Robson entered it or only guards it.
        borrows: Whether the venue may lend for it, so that its end looks for debt.
        venue_position_ref: What the venue's own records call it; empty until the first fill.
        venue_stop: The stop order that rests at the venue, or the last one that did.
        past_stops: Venue stops before ``venue_stop`` that were executed in part.
        stops: Venue stops decided so far.
        stop_rejections: Venue stops rejected in a row.
        stop_retry_at: Not before this input time the next venue stop is decided or asked to be
            canceled again, UTC ns; 0 = at once.
        interest: Interest charged so far as last seen, in the borrowed asset.
        repays: Repayments asked for after it was flat.
        debt: What was still owed at the end, in the borrowed asset; before it, what was owed when
            the first repayment was decided.
        breached_at: Input time at which a guard that may not act was passed, UTC ns; 0 = never.
        is_estimated: Whether a guard's entry price is that at which it was first seen.
        exits: Exit orders decided so far.
        exit_rejections: Exit orders rejected in a row.
        retry_at: Not before this input time the next exit is decided, UTC ns; 0 = at once.
        dust: Quantity too small to be traded that remained at the end, signed (− owed).
        mark: Market trade id up to which prices are part of this state.
        summarized_at: Input time of the last logged stop, UTC ns.
        sequence: Sequence of the last event.
    """

    position_id: PositionId
    symbol: Symbol
    side: Side
    status: PositionStatus
    risk: RiskConfig
    instrument: Instrument
    detector: DetectorSpec
    armed_at: int
    accept_costs: bool = False
    expires_at: int = 0
    signal: DetectorSignal | None = None
    signal_at: int = 0
    entry_order: Order | None = None
    exit_order: Order | None = None
    past_exits: tuple[Order, ...] = ()
    doubt: Doubt | None = None
    opened_at: int = 0
    stop_distance: PriceDelta | None = None
    best: Price | None = None
    stop: Price | None = None
    open_qty: Quantity = ZERO_QUANTITY
    entry_qty: Quantity = ZERO_QUANTITY
    entry_cost: Notional = Notional(0)
    exit_qty: Quantity = ZERO_QUANTITY
    exit_value: Notional = Notional(0)
    fees_quote: Money = ZERO_MONEY
    fees_base: Quantity = ZERO_QUANTITY
    fee_rate: Decimal = Decimal(0)
    commission_in_base: bool = False
    close_requested: CloseReason | None = None
    exit_reason: CloseReason | None = None
    kind: PositionKind = PositionKind.CORE
    borrows: bool = False
    venue_position_ref: str = ""
    venue_stop: Order | None = None
    past_stops: tuple[Order, ...] = ()
    stops: int = 0
    stop_rejections: int = 0
    stop_retry_at: int = 0
    interest: Decimal = Decimal(0)
    repays: int = 0
    debt: Decimal = Decimal(0)
    breached_at: int = 0
    is_estimated: bool = False
    exits: int = 0
    exit_rejections: int = 0
    retry_at: int = 0
    close_reason: CloseReason | None = None
    closed_at: int = 0
    realized_pnl: Money = ZERO_MONEY
    dust: Decimal = Decimal(0)
    denial_code: str = ""
    error: str = ""
    mark: int = 0
    summarized_at: int = 0
    sequence: int = 0

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order of it that is remembered: entry, exits, venue stops."""
        found = (self.entry_order, *self.past_exits, self.exit_order)
        known = (*found, *self.past_stops, self.venue_stop)
        return tuple([order for order in known if order is not None])

    @property
    def is_guard(self) -> bool:
        """Whether it is the person's and only guarded."""
        return self.kind is PositionKind.GUARD

    @property
    def working_stop(self) -> Order | None:
        """The venue stop that may still be executed, or None."""
        stop = self.venue_stop
        return None if stop is None or stop.status.is_terminal else stop

    @property
    def order_in_doubt(self) -> Order | None:
        """The order that :attr:`doubt` is about, or None.

        An exit may be in doubt beside a stop at the venue; then the evidence is gathered for the
        exit, and for the stop anew once the exit's end is known.
        """
        for order in (self.exit_order, self.entry_order, self.venue_stop):
            if order is not None and order.status is OrderStatus.IN_DOUBT:
                return order
        return None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.status is PositionStatus.CLOSED

    @property
    def has_stop(self) -> bool:
        """Whether an open quantity is protected by a stop."""
        return bool(self.open_qty) and self.stop is not None

    @property
    def entry_leaves(self) -> Quantity:
        """What of the entry may still be filled, base asset."""
        return self.entry_order.leaves_qty if self.entry_order else ZERO_QUANTITY

    @property
    def average_entry_price(self) -> Price | None:
        """Value-weighted entry price, or None before the first fill.

        What has no entry order of ours (a guard) has the price it was seen with, to 20 digits.
        """
        if self.entry_order is not None or not self.entry_qty:
            return self.entry_order.average_price if self.entry_order else None
        quotient = decimals.div(self.entry_cost.value, self.entry_qty.value)
        return Price(decimals.rounded(quotient, 20))

    @property
    def owns_pair(self) -> bool:
        """Whether core owns the netted unit of this position; a guard owns nothing."""
        if self.is_guard or self.status in {PositionStatus.ARMED, PositionStatus.CLOSED}:
            return False
        return self.status is not PositionStatus.ERROR or bool(self.open_qty) or self.is_unresolved

    @property
    def is_unresolved(self) -> bool:
        """Whether an order of ours may still do something."""
        return any(not order.status.is_terminal for order in self.orders)
