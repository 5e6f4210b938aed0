"""The detectors of armed positions: made, warmed up, shown every price, remembered, let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from robson_domain import (
    DetectorPort,
    DetectorSignal,
    DetectorState,
    DisarmPosition,
    Position,
    PositionId,
    PositionStatus,
    RobsonError,
    SignalFired,
    Symbol,
    TradeTick,
    UnknownSchema,
)
from robson_engine import DETECTORS, create_detector
from robson_engine.detectors import DetectorType
from robson_exec.bus import EventBus

Said = SignalFired | DisarmPosition
"""What a detector leads to: the very next input of the engine."""


@attrs.define(kw_only=True, eq=False)
class Watched:
    """One detector at work.

    Attributes:
        mark: Last trade id shown to it; older ones do not concern it.
        is_dirty: Whether it was shown a price since its state was last written down.
        written: Its state as last written down.
    """

    position_id: PositionId
    symbol: Symbol
    detector: DetectorPort
    mark: int = 0
    is_dirty: bool = True
    written: DetectorState | None = None

    def dump(self) -> DetectorState:
        """Return its state as it is now."""
        return DetectorState(
            position_id=self.position_id,
            name=self.detector.NAME,
            version=self.detector.VERSION,
            data=self.detector.dump(),
            mark=self.mark,
        )


class PositionManager:
    """All detectors of this process.

    Attributes:
        is_dirty: Whether any was shown a price since its state was last written down.
    """

    def __init__(self, bus: EventBus, registry: Mapping[str, DetectorType] = DETECTORS) -> None:
        self._bus = bus
        self._registry = registry
        self.is_dirty = False
        self._prepared: dict[PositionId, DetectorPort] = {}
        self._watched: dict[PositionId, Watched] = {}
        self._by_symbol: dict[Symbol, tuple[Watched, ...]] = {}

    @property
    def count(self) -> int:
        """How many detectors wait."""
        return len(self._watched)

    def create(self, position: Position) -> DetectorPort:
        """Return a fresh detector for ``position``.

        Raises:
            ValidationError: For an unknown detector or a parameter that does not fit.
        """
        return create_detector(
            position.detector,
            position_id=position.position_id,
            symbol=position.symbol,
            side=position.side,
            instrument=position.instrument,
            registry=self._registry,
        )

    def prepare(self, position_id: PositionId, detector: DetectorPort) -> None:
        """Keep a warmed-up detector until its position is armed."""
        self._prepared[position_id] = detector

    def forget(self, position_id: PositionId) -> None:
        """Drop what was prepared for a position that was not armed."""
        self._prepared.pop(position_id, None)

    def restore(
        self, position: Position, state: DetectorState | None, now: int
    ) -> DisarmPosition | None:
        """Take up the detector of an armed position where it was last written down.

        Returns:
            None, or how the position must end because its detector can not be had again: a
            state is never guessed, and the other positions need this process.
        """
        key = position.position_id
        try:
            detector, mark = self._restored(position, state)
        except RobsonError as error:
            return self._failed(key, error, now)
        self._watch(position, detector, mark)
        return None

    def _restored(
        self, position: Position, state: DetectorState | None
    ) -> tuple[DetectorPort, int]:
        detector = self.create(position)
        if state is None:
            detector.on_time(position.armed_at)
            return detector, position.mark
        if state.name != detector.NAME:
            raise UnknownSchema(f"detector {state.name} stored for one named {detector.NAME}")
        detector.restore(state.data, state.version)
        return detector, state.mark

    def _watch(self, position: Position, detector: DetectorPort, mark: int) -> None:
        self._watched[position.position_id] = Watched(
            position_id=position.position_id,
            symbol=position.symbol,
            detector=detector,
            mark=mark,
        )
        self._sort(position.symbol)

    def _sort(self, symbol: Symbol) -> None:
        self._by_symbol[symbol] = tuple(w for w in self._watched.values() if w.symbol == symbol)

    def follow(self, position: Position) -> None:
        """Take note of a changed position: a new one gets its detector, another loses it."""
        key = position.position_id
        waits = position.status is PositionStatus.ARMED and position.signal is None
        if waits and key not in self._watched:
            detector = self._prepared.pop(key, None) or self.create(position)
            detector.on_time(position.armed_at)
            self._watch(position, detector, position.mark)
        elif not waits:
            self._drop(key)

    def _drop(self, key: PositionId) -> None:
        if (watched := self._watched.pop(key, None)) is not None:
            self._sort(watched.symbol)

    def on_price(self, tick: TradeTick) -> list[Said]:
        """Show a price to the detectors of its pair; return what they have to say."""
        said: list[Said] = []
        for watched in self._by_symbol.get(tick.symbol, ()):
            if tick.trade_id:
                if tick.trade_id <= watched.mark:
                    continue
                watched.mark = tick.trade_id
            watched.is_dirty = self.is_dirty = True
            try:
                signal = watched.detector.on_price(tick)
            except Exception as error:
                said.append(self._failed(watched.position_id, error, tick.ts_received))
            else:
                if signal is not None:
                    said.append(self._fired(signal, tick.ts_event, tick.ts_received))
        return said

    def on_time(self, ts: int) -> list[Said]:
        """Tell every detector that time has passed (UTC ns); return what they have to say."""
        said: list[Said] = []
        for watched in tuple(self._watched.values()):
            # Not dirty by that: the time a detector has seen is shown to it again anyway.
            try:
                signal = watched.detector.on_time(ts)
            except Exception as error:
                said.append(self._failed(watched.position_id, error, ts))
            else:
                if signal is not None:
                    said.append(self._fired(signal, ts, ts))
        return said

    def _fired(self, signal: DetectorSignal, ts_event: int, ts_received: int) -> SignalFired:
        self._drop(signal.position_id)
        return SignalFired(signal=signal, ts_event=ts_event, ts_received=ts_received)

    def _failed(self, key: PositionId, error: Exception, ts: int) -> DisarmPosition:
        """A detector that breaks can not be trusted with its position any more."""
        self._drop(key)
        facts = {"position_id": key, "error": type(error).__name__, "message": str(error)}
        self._bus.notify("critical", "detector_failed", facts)
        return DisarmPosition(command_id=f"detector-failed-{key}", position_id=key, ts_received=ts)

    def earliest_mark(self, symbol: Symbol) -> int | None:
        """Return the trade id after which the pair's detectors miss prices; None = none does."""
        marks = [watched.mark for watched in self._by_symbol.get(symbol, ()) if watched.mark]
        return min(marks, default=None)

    def changes(self) -> Iterable[DetectorState]:
        """Yield the states that differ from what was last written down."""
        self.is_dirty = False
        for watched in self._watched.values():
            if watched.is_dirty:
                watched.is_dirty = False
                state = watched.dump()
                if state != watched.written:
                    watched.written = state
                    yield state
