"""Proofs over what is stored: the chain, and that the log gives the state.

Over the Store port alone, so that they serve the daemon and a command without one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from robson_domain import (
    ChainBroken,
    Head,
    HeadMismatch,
    IllegalTransition,
    InvariantError,
    Money,
    Position,
    Store,
    UnknownSchema,
    codec,
)
from robson_engine import EngineConfig, EngineState, evolve
from robsond.facade import Replayed, Verdict

PAUSE_EVERY: Final = 200
"""Events folded in one go; then trading gets its turn."""
NO_HEAD: Final = "no exported head to compare with: the end of the log is not proven by it"
"""Said of a log that holds otherwise; the stored states were compared with its end all the same."""
_TRIES: Final = 3

Verify = Callable[[Store, Head | None], Awaitable[Head]]


async def verify(store: Store, exported: Head | None, check: Verify) -> Verdict:
    """Verify the whole log of ``store``; what is wrong is part of the answer.

    Args:
        exported: Head as kept outside the database, None when there is none.
        check: Verifies the chain and that it contains ``exported``.
    """
    try:
        head = await check(store, exported)
    except ChainBroken as error:
        return Verdict(
            head=await store.head(),
            checked=max(0, error.sequence - 1),
            problem=str(error),
            sequence=error.sequence,
        )
    except (HeadMismatch, UnknownSchema) as error:
        return Verdict(head=await store.head(), checked=0, problem=str(error))
    note = NO_HEAD if exported is None and head.sequence else ""
    return Verdict(head=head, checked=head.sequence, note=note)


async def replay(store: Store, config: EngineConfig, capital: Money) -> Replayed:
    """Fold the log of ``store`` from its first event and compare with what is stored.

    Args:
        capital: Capital the account began with.
    """
    state, problem = EngineState.opening(config, capital), ""
    try:
        for _ in range(_TRIES):
            await _fold(state, store)
            problem = await _difference(state, store)
            # What is written meanwhile is folded too; then the comparison is repeated.
            if (await store.head()).sequence == state.sequence:
                break
    except (InvariantError, IllegalTransition, UnknownSchema) as error:
        return await _replayed(state, store, str(error))
    return await _replayed(state, store, problem)


async def _fold(state: EngineState, store: Store) -> None:
    async for event in store.events.read(state.sequence):
        state.apply(evolve(state, event))
        if event.sequence % PAUSE_EVERY == 0:
            await asyncio.sleep(0)


async def _difference(state: EngineState, store: Store) -> str:
    for key, position in state.positions.items():
        stored = await store.positions.find_by_id(key)
        if stored is None:
            return f"position {key} follows from the log and is not stored"
        if codec.dumps(stored) != codec.dumps(position):
            return f"position {key} is stored otherwise than the log gives it ({_of(stored)})"
    for stored in await store.positions.find_active():
        if stored.position_id not in state.positions:
            return f"position {stored.position_id} is stored and does not follow from the log"
    return ""


def _of(stored: Position) -> str:
    return f"stored as of event {stored.sequence}"


async def _replayed(state: EngineState, store: Store, problem: str) -> Replayed:
    return Replayed(
        head=await store.head(),
        events=state.sequence,
        positions=len(state.positions),
        state_hash=hashlib.sha256(codec.dumps(state.snapshot()).encode()).hexdigest(),
        problem=problem,
    )
