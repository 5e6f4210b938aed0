"""Stores with one bug each, in what is there after closing or a crash."""

from __future__ import annotations

from typing import Self

import attrs

from robson_domain import (
    Batch,
    DetectorState,
    Durable,
    Position,
    Recovered,
    Snapshot,
)
from robson_domain.chain import link
from robson_store.memory import (
    Kept,
)
from tests.store.kept_store import KeptStore


class ForgetsDetectors(KeptStore):
    async def recover(self) -> Recovered:
        return attrs.evolve(await super().recover(), detectors=())


class KeepsDetectors(KeptStore):
    class Rows(Kept):
        def _end_detectors(self) -> None:
            """Nothing ends."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = self.Rows()


class WakesDetectors(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        durable = await super().submit(batch)
        if not any(isinstance(state, Position) for state in batch.states):
            late: dict[str, DetectorState] = {
                s.position_id: s for s in batch.states if isinstance(s, DetectorState)
            }
            self.kept.detectors |= late
        return durable


class ReplaysEverything(KeptStore):
    async def recover(self) -> Recovered:
        everything = tuple([event async for event in self.events.read()])
        return attrs.evolve(await super().recover(), events=everything)


class TrustsTheOldestSnapshot(KeptStore):
    async def recover(self) -> Recovered:
        self.kept.snapshots = self.kept.snapshots[:1]
        return await super().recover()


class TakesSnapshotsAnywhere(KeptStore):
    async def submit(self, batch: Batch) -> Durable:
        place = self._head.sequence + len(batch.events)
        states = tuple(
            attrs.evolve(s, sequence=place) if isinstance(s, Snapshot) else s for s in batch.states
        )
        return await super().submit(attrs.evolve(batch, states=states))


class LosesTheLastEvent(KeptStore):
    def again(self) -> Self:
        other = super().again()
        lost = other.kept.events.pop()
        last = other.kept.events[-1][4] if other.kept.events else ""
        other._head = attrs.evolve(other._head, sequence=lost[0] - 1, hash=last)
        return other


class NamesItselfAnew(KeptStore):
    def again(self) -> Self:
        other = super().again()
        other._head = attrs.evolve(other._head, epoch="another")
        return other


class LosesStatesInACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other.kept.positions.clear()
        return other


class BeginsAnewAfterACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other._head = attrs.evolve(other._head, sequence=0, hash=link("", ""))
        return other


class ForgetsDecisionsInACrash(KeptStore):
    def after_crash(self) -> Self:
        other = super().after_crash()
        other.kept.rivals = lambda intents: []  # type: ignore[method-assign]
        return other


class WritesWhenClosed(KeptStore):
    async def close(self) -> None:
        """Nothing is closed."""
