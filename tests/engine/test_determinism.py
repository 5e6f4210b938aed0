"""The log is a function of the inputs: in any process, hash seed and ambient arithmetic."""

from __future__ import annotations

import decimal
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from robson_domain import PriceOrigin, Side
from tests.engine.histories import Actor, History, histories
from tests.engine.venue_script import FATES, LATE
from tests.engine.world import World, state_text

ROOT: Final = Path(__file__).parents[2]


def tale(seed: int) -> History:
    """Return a long history that is the same wherever it is told."""
    chance = random.Random(seed)
    said = []
    for _ in range(150):
        said.append(
            chance.choice(
                [
                    ("trade", chance.randint(-120, 120), 90, PriceOrigin.LIVE),
                    ("trade", chance.randint(-120, 120), 90, PriceOrigin.LIVE),
                    ("execute", 0, 50),
                    ("deliver", chance.randint(0, 9), chance.random() < 0.3),
                    ("query", chance.randint(0, 3)),
                    ("starve", chance.choice([1, 5_000])),
                ]
            )
        )
    fates = ("working", *(chance.choice(FATES) for _ in range(8)))
    fee = Decimal("0.001")
    return History(
        side=chance.choice(list(Side)), fee=fee, fee_in_base=True, fates=fates, actions=tuple(said)
    )


def told(seed: int) -> str:
    """Return a fingerprint of log and state after a long tale."""
    world = Actor(tale(seed), World(folds=False)).run().world
    text = world.log() + state_text(world.state)
    return f"{len(world.events)} {hashlib.sha256(text.encode()).hexdigest()}"


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_another_process_writes_the_same_log(hash_seed: str) -> None:
    script = (
        "from tests.engine.test_determinism import told\n"
        "print('\\n'.join(told(seed) for seed in range(6)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:-1] == [told(seed) for seed in range(6)]


def test_the_tales_are_worth_telling() -> None:
    events = [Actor(tale(seed), World(folds=False)).run().world.events for seed in range(6)]
    seen = {event.event_type for told in events for event in told}
    assert {"ExitFilled", "TrailingStopUpdated", "OrderInDoubt", "PositionClosed"} <= seen


@contextmanager
def hostile() -> Iterator[None]:
    """Set an ambient context that rounds to three digits, upwards, and traps what it can."""
    context = decimal.Context(prec=3, rounding=decimal.ROUND_UP, Emin=-5, Emax=5)
    context.traps[decimal.Inexact] = True
    context.traps[decimal.Rounded] = True
    with decimal.localcontext(context):
        yield


@settings(max_examples=30)
@given(histories(50, LATE))
def test_a_hostile_decimal_context_changes_nothing(history: History) -> None:
    expected = Actor(history, World(folds=False)).run().world
    told_log, told_state = expected.log(), state_text(expected.state)
    again = World(folds=False)
    for entry in expected.inputs:
        with hostile():
            again.feed(entry)
    assert again.log() == told_log
    assert state_text(again.state) == told_state


def test_the_hostile_context_is_hostile() -> None:
    with hostile(), pytest.raises(decimal.Inexact):
        Decimal("1.2345") * Decimal("6.789")
