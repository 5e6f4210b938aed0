"""Whether and how large to enter: every reason to say no, then the size, then the gate."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    AccountSnapshot,
    Denial,
    DenialCode,
    DetectorSignal,
    Position,
    Price,
    PriceDelta,
    Quantity,
    Side,
    ValidationError,
    decimals,
)
from robson_engine import gate
from robson_engine.config import (
    DISTANCE_MAX,
    DISTANCE_MIN,
    LEVERAGE_MAX,
    SIGNAL_AGE_MAX_NS,
)
from robson_engine.exposure import Exposure
from robson_engine.sizing import SizingRequest, loss_of, size_position

DISTANCE_PLACES: Final = 20
"""Digits of a distance after the point: with those of quantity and fee it stays exact money."""
_HALF: Final = Decimal("0.5")
_QUARTER: Final = Decimal("0.25")
_EXIT_MARGIN: Final = Decimal("1.05")


def distance_of(signal: DetectorSignal) -> PriceDelta | Denial:
    """Return D of a signal, or why it cannot be traded over."""
    try:
        distance = signal.stop_distance
    except ValidationError as error:
        return Denial(DenialCode.DISTANCE_OUT_OF_RANGE, str(error))
    if decimals.places(distance.distance.value) > DISTANCE_PLACES:
        return Denial(
            DenialCode.DISTANCE_OUT_OF_RANGE,
            f"stop distance has more than {DISTANCE_PLACES} digits after the point",
        )
    if not distance.is_within(DISTANCE_MIN, DISTANCE_MAX):
        percent = decimals.text(decimals.rounded(decimals.mul(distance.fraction, Decimal(100)), 12))
        return Denial(
            DenialCode.DISTANCE_OUT_OF_RANGE,
            f"stop distance is {percent} % of the price; it must be 0.1 % to 10 %",
        )
    return distance.distance


@attrs.frozen(kw_only=True)
class EntryCase:
    """All an entry is decided on.

    Attributes:
        snapshot: The account, taken after the signal.
        last_price: Last trade before the snapshot arrived, None when there was none.
        now: Input time of the decision, UTC ns.
        pair_owned: Whether another position of ours owns the pair.
    """

    position: Position
    signal: DetectorSignal
    distance: PriceDelta
    snapshot: AccountSnapshot
    last_price: Price | None
    exposure: Exposure
    now: int
    pair_owned: bool

    @property
    def leverage(self) -> int:
        """Cap of notional ÷ capital: 10, or less if the pair's tier is lower."""
        return min(LEVERAGE_MAX, self.snapshot.leverage_max)

    @property
    def request(self) -> SizingRequest:
        """The sizing rule's figures."""
        return SizingRequest(
            instrument=self.position.instrument,
            side=self.position.side,
            risk_amount=self.position.risk.risk_amount,
            capital=self.position.risk.capital,
            price=self.signal.entry_price,
            distance=self.distance,
            fee_rate=self.snapshot.taker_fee_rate,
            leverage=self.leverage,
            notional_max=self.exposure.ledger.limits.position_cap,
        )


@attrs.frozen(kw_only=True)
class EntryPlan:
    """An approved entry."""

    approved: gate.Approved
    request: SizingRequest

    @property
    def quantity(self) -> Quantity:
        """What to order, base asset."""
        return self.approved.request.quantity


def decide(case: EntryCase) -> EntryPlan | Denial:
    """Return the approved entry, or the first reason against it in the order of the codes."""
    for rule in (_stale, _contradicted, _moved):
        if denial := rule(case):
            return denial
    request = case.request
    if denial := _costs(case, request):
        return denial
    quantity = size_position(request)
    for sized in _SIZED_RULES:
        if denial := sized(case, request, quantity):
            return denial
    verdict = gate.check(_gate_request(case, request, quantity), case.exposure)
    if isinstance(verdict, Denial):
        return verdict
    return EntryPlan(approved=verdict, request=request)


def _gate_request(case: EntryCase, request: SizingRequest, quantity: Quantity) -> gate.EntryRequest:
    return gate.EntryRequest(
        symbol=case.position.symbol,
        quantity=quantity,
        notional=quantity * request.price,
        loss_at_stop=loss_of(request, quantity),
        now=case.now,
        drawdown_fraction=decimals.div(case.position.risk.max_drawdown_percent, Decimal(100)),
    )


def _stale(case: EntryCase) -> Denial | None:
    age = case.now - case.position.signal_at
    if abs(age) <= SIGNAL_AGE_MAX_NS:  # below zero: another clock's signal
        return None
    return Denial(
        DenialCode.STALE_SIGNAL, f"{age // 1_000_000} ms passed since the signal; 2000 are allowed"
    )


def _contradicted(case: EntryCase) -> Denial | None:
    ledger, symbol = case.exposure.ledger, case.position.symbol
    if ledger.another_robson:
        return Denial(
            DenialCode.ANOTHER_ROBSON,
            f"order {ledger.another_robson} carries our prefix and is not in this database; stop "
            "the other Robson, then clear the warning",
        )
    if problem := dict(ledger.quarantined).get(symbol):
        return Denial(
            DenialCode.PAIR_QUARANTINED,
            f"{symbol} is quarantined: {problem}; look at it, then clear the warning",
        )
    return None


def _moved(case: EntryCase) -> Denial | None:
    if case.last_price is None:
        return None
    moved = decimals.absolute((case.last_price - case.signal.entry_price).value)
    if moved <= decimals.mul(case.distance.value, _QUARTER):
        return None
    return Denial(
        DenialCode.PRICE_MOVED,
        f"price went from {case.signal.entry_price} to {case.last_price} since the signal, "
        f"more than a quarter of the distance {case.distance}",
    )


def _costs(case: EntryCase, request: SizingRequest) -> Denial | None:
    cost = request.round_trip_cost
    if case.position.accept_costs or cost <= decimals.mul(case.distance.value, _HALF):
        return None
    return Denial(
        DenialCode.COSTS_EAT_RISK,
        f"commissions of {decimals.text(decimals.rounded(cost, 8))} per unit are more than half "
        f"the stop distance {case.distance}; use a wider stop or accept the costs",
    )


def _too_small(case: EntryCase, request: SizingRequest, quantity: Quantity) -> Denial | None:
    instrument = request.instrument
    net = decimals.ONE
    if case.position.side is Side.LONG and case.snapshot.commission_in_base:
        net = decimals.sub(net, request.fee_rate)
    sellable = instrument.round_qty_down(decimals.mul(quantity.value, net))
    needed = decimals.mul(instrument.notional_min.value, _EXIT_MARGIN)
    value = sellable * request.stop
    if sellable and sellable >= instrument.quantity_min and value.value >= needed:
        return None
    return Denial(
        DenialCode.TOO_SMALL_TO_EXIT,
        f"the budget buys {quantity} {case.position.symbol.base}; at the stop that is worth "
        f"{decimals.text(decimals.rounded(value.value, 8))}, the venue needs "
        f"{decimals.text(needed)} to be able to exit",
    )


def liquidation_price(
    case: EntryCase, request: SizingRequest, quantity: Quantity
) -> Decimal | None:
    """Estimate the price at which the venue liquidates; None when nothing is owed.

    Liquidation is where assets ÷ debt falls to the venue's level. A long owes what its value
    exceeds the collateral by; a short owes its quantity and holds collateral plus proceeds.
    """
    value = (quantity * request.price).value
    collateral, level = case.snapshot.collateral.value, case.snapshot.liquidation_level
    if case.position.side is Side.SHORT:
        assets = decimals.add(collateral, value)
        return decimals.div(assets, decimals.mul(level, quantity.value))
    debt = decimals.sub(value, collateral)
    if debt <= 0:
        return None
    return decimals.div(decimals.mul(level, debt), quantity.value)


def _liquidated(case: EntryCase, request: SizingRequest, quantity: Quantity) -> Denial | None:
    price = liquidation_price(case, request, quantity)
    if price is None:
        return None
    gap = decimals.sub(request.stop.value, price)
    if case.position.side is Side.SHORT:
        gap = decimals.neg(gap)
    if gap >= decimals.mul(case.distance.value, _HALF):
        return None
    return Denial(
        DenialCode.LIQUIDATION_BEFORE_STOP,
        f"estimated liquidation at {decimals.text(decimals.rounded(price, 2))} is too close to "
        f"the stop {request.stop}; add collateral or use a tighter stop",
    )


def _collateral(case: EntryCase, request: SizingRequest, quantity: Quantity) -> Denial | None:
    needed = decimals.div((quantity * request.price).value, Decimal(request.leverage))
    if needed <= case.snapshot.collateral.value:
        return None
    return Denial(
        DenialCode.COLLATERAL_SHORT,
        f"{decimals.text(decimals.rounded(needed, 2))} {case.position.symbol.quote} collateral "
        f"needed on the pair, {case.snapshot.collateral} there; transfer some",
    )


def _borrow(case: EntryCase, request: SizingRequest, quantity: Quantity) -> Denial | None:
    if case.position.side is Side.SHORT:
        wanted, lent = quantity.value, case.snapshot.borrowable_base.value
        asset = case.position.symbol.base
    else:
        value = (quantity * request.price).value
        wanted = decimals.sub(value, case.snapshot.collateral.value)
        lent, asset = case.snapshot.borrowable_quote.value, case.position.symbol.quote
    if wanted <= lent:
        return None
    return Denial(
        DenialCode.BORROW_SHORT,
        f"{decimals.text(wanted)} {asset} would have to be borrowed, the venue lends "
        f"{decimals.text(lent)}",
    )


def _not_flat(case: EntryCase, request: SizingRequest, _: Quantity) -> Denial | None:
    snapshot, instrument = case.snapshot, request.instrument
    held = instrument.round_qty_down(decimals.absolute(snapshot.net_qty))
    holds = instrument.is_tradable(held, request.price)
    owes = snapshot.debt_base.value >= instrument.step_size or (
        bool(snapshot.debt_quote) and snapshot.debt_quote >= instrument.notional_min
    )
    if not (case.pair_owned or holds or owes or snapshot.open_orders):
        return None
    return Denial(
        DenialCode.PAIR_NOT_FLAT,
        f"{case.position.symbol} holds {decimals.text(snapshot.net_qty)}, owes "
        f"{snapshot.debt_base} and {snapshot.debt_quote}, {snapshot.open_orders} open orders"
        + (", and another position owns it" if case.pair_owned else ""),
    )


_SIZED_RULES: Final[tuple[Callable[[EntryCase, SizingRequest, Quantity], Denial | None], ...]] = (
    _too_small,
    _liquidated,
    _collateral,
    _borrow,
    _not_flat,
)
ENTRY_CHECKS: Final = tuple(code.value for code in DenialCode if code not in gate.CHECKS)
"""Codes checked before the gate, for the log of an approved entry."""
