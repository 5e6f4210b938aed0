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
    Symbol,
    TradeTick,
    UnknownSchema,
)
from robson_engine import DETECTORS, create_detector
from robson_engine.detectors import DetectorType
from robson_exec.bus import EventBus

Heard = DetectorSignal | DisarmPosition


@attrs.define(kw_only=True, eq=False)
class Watched:
    """One detector at work.

    Attributes:
        mark: Last trade id shown to it; older ones do not concern it.
        is_dirty: Whether it was shown anything since its state was last written down.
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
    """All detectors of this process."""

    def __init__(self, bus: EventBus, registry: Mapping[str, DetectorType] = DETECTORS) -> None:
        self._bus = bus
        self._registry = registry
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

    def restore(self, position: Position, state: DetectorState | None) -> None:
        """Take up the detector of an armed position where it was last written down.

        Raises:
            UnknownSchema: When what was written down is not this detector's.
        """
        detector = self.create(position)
        if state is None:
            detector.on_time(position.armed_at)
            mark = 0
        elif state.name != detector.NAME:
            raise UnknownSchema(f"detector {state.name} stored for one named {detector.NAME}")
        else:
            detector.restore(state.data, state.version)
            mark = state.mark
        self._watch(position, detector, mark)

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

    def on_price(self, tick: TradeTick) -> list[Heard]:
        """Show a price to the detectors of its pair; return what they have to say."""
        watching = self._by_symbol.get(tick.symbol)
        if not watching:
            return []
        heard: list[Heard] = []
        for watched in watching:
            if tick.trade_id:
                if tick.trade_id <= watched.mark:
                    continue
                watched.mark = tick.trade_id
            watched.is_dirty = True
            try:
                signal = watched.detector.on_price(tick)
            except Exception as error:
                heard.append(self._failed(watched, error, tick.ts_received))
            else:
                self._hear(heard, watched, signal)
        return heard

    def on_time(self, ts: int) -> list[Heard]:
        """Tell every detector that time has passed (UTC ns); return what they have to say."""
        heard: list[Heard] = []
        for watched in tuple(self._watched.values()):
            watched.is_dirty = True
            try:
                signal = watched.detector.on_time(ts)
            except Exception as error:
                heard.append(self._failed(watched, error, ts))
            else:
                self._hear(heard, watched, signal)
        return heard

    def _hear(
        self, heard: list[Heard], watched: Watched, signal: DetectorSignal | None
    ) -> None:
        if signal is not None:
            heard.append(signal)
            self._drop(watched.position_id)

    def _failed(self, watched: Watched, error: Exception, ts: int) -> DisarmPosition:
        """A detector that breaks can no longer be trusted with its position."""
        self._drop(watched.position_id)
        facts = {
            "position_id": watched.position_id,
            "detector": watched.detector.NAME,
            "error": type(error).__name__,
            "message": str(error),
        }
        self._bus.notify("critical", "detector_failed", facts)
        return DisarmPosition(
            command_id=f"detector-failed-{watched.position_id}",
            position_id=watched.position_id,
            ts_received=ts,
        )

    def earliest_mark(self, symbol: Symbol) -> int | None:
        """Return the trade id after which the pair's detectors miss prices; None = none does."""
        marks = [watched.mark for watched in self._by_symbol.get(symbol, ()) if watched.mark]
        return min(marks, default=None)

    def changes(self) -> Iterable[DetectorState]:
        """Yield the states that differ from what was last written down."""
        for watched in self._watched.values():
            if watched.is_dirty:
                watched.is_dirty = False
                state = watched.dump()
                if state != watched.written:
                    watched.written = state
                    yield state


