"""The named decisions of the engine, for readers, notebooks and tests.

Each is pure and returns a :class:`Step`; ``step`` is the same functions behind one door.
"""

from __future__ import annotations

import attrs

from robson_domain import (
    AccountReported,
    ClosePosition,
    Denial,
    DetectorSignal,
    DisarmPosition,
    InvariantError,
    Money,
    Notional,
    OrderReported,
    Panic,
    Position,
    PositionStatus,
    Price,
    PriceDelta,
    Quantity,
    TradeTick,
)
from robson_engine.entries import is_taken
from robson_engine.entry_decision import EntryCase, decide, distance_of
from robson_engine.exposure import exposure_of
from robson_engine.sizing import size_position
from robson_engine.state import EngineState
from robson_engine.step import step
from robson_engine.turn import Step


@attrs.frozen(kw_only=True)
class Estimate:
    """What an entry would be if its signal came now; nothing is promised.

    Attributes:
        stop: Exact first stop level, P ∓ D (on entry it is rounded tighter to the tick grid).
        max_loss: Most that can be lost at the stop with commissions, quote currency.
        denial: Why it would be denied now, None when it would be entered.
    """

    entry_price: Price
    stop_distance: PriceDelta | None
    stop: Price | None
    quantity: Quantity
    notional: Notional
    max_loss: Money
    denial: Denial | None


class Engine:
    """The decisions by name."""

    @staticmethod
    def decide_entry(state: EngineState, entry: AccountReported) -> Step:
        """Decide every waiting entry on the pair of a fresh snapshot."""
        return step(state, entry)

    @staticmethod
    def process_entry_fill(state: EngineState, entry: OrderReported) -> Step:
        """Apply a report about an entry order.

        Raises:
            InvariantError: When the report is not about an entry.
        """
        return _of_kind(state, entry, is_entry=True)

    @staticmethod
    def process_active_position(state: EngineState, tick: TradeTick) -> Step:
        """Test a price against every stop of its pair, then raise the survivors' best."""
        return step(state, tick)

    @staticmethod
    def process_exit_fill(state: EngineState, entry: OrderReported) -> Step:
        """Apply a report about an exit order.

        Raises:
            InvariantError: When the report is not about an exit.
        """
        return _of_kind(state, entry, is_entry=False)

    @staticmethod
    def disarm(state: EngineState, command: DisarmPosition) -> Step:
        """Take an armed position back."""
        return step(state, command)

    @staticmethod
    def close(state: EngineState, command: ClosePosition) -> Step:
        """Close one position."""
        return step(state, command)

    @staticmethod
    def panic(state: EngineState, command: Panic) -> Step:
        """End every position."""
        return step(state, command)


def _of_kind(state: EngineState, entry: OrderReported, *, is_entry: bool) -> Step:
    order_id = entry.report.client_order_id
    key = state.orders.get(order_id)
    order = state.positions[key].entry_order if key is not None else None
    if key is None or is_entry != (order is not None and order.client_order_id == order_id):
        raise InvariantError(f"report {order_id} is about another kind of order")
    return step(state, entry)


def estimate_entry(
    state: EngineState, position: Position, signal: DetectorSignal, account: AccountReported
) -> Estimate:
    """Return what ``signal`` would lead to now, without changing or logging anything.

    Args:
        position: An armed position, in the state or not.
        account: A fresh snapshot of its pair with the last price.
    """
    distance = distance_of(signal)
    if isinstance(distance, Denial):
        return _without_size(signal, distance)
    others = [p for p in state.live.values() if p.position_id != position.position_id]
    case = EntryCase(
        position=attrs.evolve(
            position,
            status=PositionStatus.ARMED,
            signal=signal,
            signal_at=account.snapshot.ts_received,
        ),
        signal=signal,
        distance=distance,
        snapshot=account.snapshot,
        last_price=account.last_price,
        exposure=exposure_of(state.ledger, others),
        now=account.snapshot.ts_received,
        pair_owned=is_taken(position.symbol, others),
    )
    return _with_size(case)


def _with_size(case: EntryCase) -> Estimate:
    verdict, request = decide(case), case.request
    quantity = size_position(request)
    return Estimate(
        entry_price=request.price,
        stop_distance=request.distance,
        stop=request.stop,
        quantity=quantity,
        notional=quantity * request.price,
        max_loss=quantity.times(PriceDelta(request.loss_per_unit)),
        denial=verdict if isinstance(verdict, Denial) else None,
    )


def _without_size(signal: DetectorSignal, denial: Denial) -> Estimate:
    return Estimate(
        entry_price=signal.entry_price,
        stop_distance=None,
        stop=None,
        quantity=Quantity(0),
        notional=Notional(0),
        max_loss=Money(0),
        denial=denial,
    )
