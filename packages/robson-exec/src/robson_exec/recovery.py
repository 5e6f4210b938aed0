"""Start-up is recovery: what was durable, what the venue says, and only then the market.

There is no other way to start. An intent whose outcome is not in the log may or may not have
been sent by the process before: it counts as in doubt, is asked about and never sent again.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson_domain import (
    DetectorState,
    Intent,
    IntentKind,
    InvariantError,
    Money,
    Order,
    OrderReport,
    OrderReported,
    Position,
    PositionStatus,
    Recovered,
    ReportStatus,
    Store,
    codec,
)
from robson_engine import EngineConfig, EngineState

RESTARTED = "RESTARTED"


@attrs.frozen(kw_only=True)
class RecoveryReport:
    """What was found at start-up, for the person.

    Attributes:
        sequence: End of the log.
        snapshot_sequence: Where replay began; 0 = at the first event.
        replayed: Events replayed.
        positions: Positions that are not Closed, by status.
        unresolved: Intents without the venue's last word.
        answered: How many of those the venue had answered about by the end of start-up.
        detectors: Detectors taken up where they were.
        backfilled: Trades fetched for the time in between.
    """

    sequence: int
    snapshot_sequence: int
    replayed: int
    positions: dict[str, int]
    unresolved: int
    answered: int = 0
    detectors: int = 0
    backfilled: int = 0


def restore(config: EngineConfig, capital: Money, recovered: Recovered) -> EngineState:
    """Return the state as it was last durable.

    Raises:
        InvariantError: When the log does not lead to where it says it ends.
    """
    state = EngineState.restore(config, capital, recovered.snapshot, recovered.events)
    state.spent_positions |= set(recovered.spent.positions) - state.positions.keys()
    used = {p.signal.signal_id for p in state.positions.values() if p.signal is not None}
    state.spent_signals |= set(recovered.spent.signals) - used
    if state.sequence != recovered.head.sequence:
        raise InvariantError(
            f"replay ends at event {state.sequence}, the log at {recovered.head.sequence}; "
            "nothing was started"
        )
    return state


async def compare(state: EngineState, store: Store, unresolved: Iterable[Intent]) -> None:
    """Make sure that replay gives the stored positions, byte for byte, and their open orders.

    Raises:
        InvariantError: When it does not: the log and the tables contradict each other.
    """
    journaled = {intent.client_order_id for intent in unresolved}
    working = {order.client_order_id: p for p in state.live.values() for order in _open(p)}
    lost = sorted({p.position_id for key, p in working.items() if key not in journaled})
    if lost:
        raise InvariantError(
            f"the journal lacks orders of {', '.join(lost)} that have not ended; nothing was "
            "started, run verify-log and restore a backup"
        )
    stored = {item.position_id: codec.dumps(item) for item in await store.positions.find_active()}
    replayed = {key: codec.dumps(item) for key, item in state.live.items()}
    wrong = sorted(
        key for key in stored.keys() | replayed.keys() if stored.get(key) != replayed.get(key)
    )
    if wrong:
        raise InvariantError(
            f"the log and the stored positions contradict each other ({', '.join(wrong)}); "
            "nothing was started, run verify-log and restore a backup"
        )


def _open(position: Position) -> list[Order]:
    return [order for order in position.orders if not order.status.is_terminal]


def require_own(state: EngineState) -> None:
    """Make sure that what is open was opened at this venue, with this database.

    Elsewhere nobody would know its orders, and its prices would be another market's.

    Raises:
        InvariantError: Naming the positions that were not.
    """
    foreign = [p.position_id for p in state.live.values() if not _is_own(state.config, p)]
    if foreign:
        raise InvariantError(
            f"{', '.join(foreign)}: opened at another venue than {state.config.account}; nothing "
            "was started, choose the connector it was opened with (ROBSON_CONNECTOR), or begin "
            "anew in another data directory"
        )


def _is_own(config: EngineConfig, position: Position) -> bool:
    order = position.entry_order
    return order is None or order.client_order_id == config.order_id(
        position.position_id, IntentKind.ENTRY, 1
    )


def in_doubt(intent: Intent, now: int) -> OrderReported:
    """Return what a restart makes of an intent without an outcome.

    It may have been sent until the moment the process before ended, and nobody knows what it was
    stamped with.
    """
    report = OrderReport(
        client_order_id=intent.client_order_id,
        symbol=intent.symbol,
        status=ReportStatus.NO_REPLY,
        ts_event=now,
        ts_received=now,
        code=RESTARTED,
        message="the process was started again before the outcome was known",
    )
    return OrderReported(report=report)


def report_of(state: EngineState, recovered: Recovered) -> RecoveryReport:
    """Return what was found, before anybody was asked."""
    counts: dict[str, int] = {}
    for position in state.live.values():
        counts[position.status.value] = counts.get(position.status.value, 0) + 1
    snapshot = recovered.snapshot
    return RecoveryReport(
        sequence=recovered.head.sequence,
        snapshot_sequence=snapshot.sequence if snapshot is not None else 0,
        replayed=len(recovered.events),
        positions=counts,
        unresolved=len(recovered.unresolved),
    )


def waiting(
    state: EngineState, detectors: Iterable[DetectorState]
) -> list[tuple[Position, DetectorState | None]]:
    """Return the armed positions that wait for a signal, with their detectors' memory."""
    memory = {item.position_id: item for item in detectors}
    return [
        (position, memory.get(key))
        for key, position in state.live.items()
        if position.status is PositionStatus.ARMED and position.signal is None
    ]
