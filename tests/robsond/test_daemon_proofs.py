"""Verifying and replaying what is stored, whole and damaged."""

from __future__ import annotations

import hashlib

import attrs
import pytest

import robson_store
from robson_domain import Batch, EventId, Head, Money, PositionId, Store, codec
from robson_engine import EngineConfig
from robsond import proofs
from robsond.compose import verify_store
from robsond.system import SeededIds
from tests.robsond.api_machine import Machine
from tests.robsond.test_daemon_why import allow, trade

CAPITAL = Money(10_000)


@pytest.fixture
async def store() -> Store:
    """A store that holds the log and the states of one trade."""
    opened = await robson_store.open("memory://", ids=SeededIds("x"))
    machine = Machine(epoch=opened.epoch)
    trade(machine)
    positions = tuple(machine.state.positions.values())
    await opened.submit(Batch(events=tuple(machine.log), states=(*positions, machine.state.ledger)))
    return opened


def config(store: Store) -> EngineConfig:
    return EngineConfig(account="test", epoch=store.epoch)


async def test_a_whole_log_verifies(store: Store) -> None:
    head = await store.head()
    verdict = await proofs.verify(store, head, verify_store)
    assert (verdict.problem, verdict.checked, verdict.head) == ("", head.sequence, head)


async def test_a_head_that_is_not_in_the_log_is_named(store: Store) -> None:
    head = await store.head()
    ahead = attrs.evolve(head, sequence=head.sequence + 3)
    assert "missing from the end" in (await proofs.verify(store, ahead, verify_store)).problem
    other = Head(epoch=head.epoch, sequence=2, hash="00" * 32)
    assert "rewritten" in (await proofs.verify(store, other, verify_store)).problem


async def test_the_log_gives_what_is_stored(store: Store) -> None:
    found = await proofs.replay(store, config(store), CAPITAL)
    assert (found.problem, found.positions) == ("", 1)
    again = await proofs.replay(store, config(store), CAPITAL)
    assert found.state_hash == again.state_hash


async def test_replay_goes_by_the_limits_and_the_capital_of_the_log() -> None:
    """What it begins with is forgotten with the first event of a log that says them."""
    opened = await robson_store.open("memory://", ids=SeededIds("x"))
    machine = Machine(epoch=opened.epoch)
    allow(machine, 12_000, max_open_positions=2)
    trade(machine)
    allow(machine, 5_000)
    positions = tuple(machine.state.positions.values())
    await opened.submit(Batch(events=tuple(machine.log), states=(*positions, machine.state.ledger)))
    found = [await proofs.replay(opened, config(opened), Money(n)) for n in (1, 5_000, 12_000)]
    assert [one.problem for one in found] == ["", "", ""]
    wanted = hashlib.sha256(codec.dumps(machine.state.snapshot()).encode()).hexdigest()
    assert {one.state_hash for one in found} == {wanted}


async def test_a_state_that_was_altered_is_named(store: Store) -> None:
    position = await store.positions.find_by_id(PositionId("p-1"))
    assert position is not None
    await store.positions.save(attrs.evolve(position, realized_pnl=Money(1_000_000)))
    found = await proofs.replay(store, config(store), CAPITAL)
    assert "p-1 is stored otherwise" in found.problem


async def test_a_state_without_events_is_named(store: Store) -> None:
    machine = Machine(epoch=store.epoch)
    trade(machine)
    position = machine.state.positions[PositionId("p-1")]
    foreign = attrs.evolve(position, position_id=PositionId("p-2"))
    active = attrs.evolve(foreign, status=type(position.status)("Active"))
    await store.positions.save(active)
    found = await proofs.replay(store, config(store), CAPITAL)
    assert "p-2 is stored and does not follow" in found.problem


async def test_a_log_without_its_states_is_named() -> None:
    opened = await robson_store.open("memory://", ids=SeededIds("x"))
    machine = Machine(epoch=opened.epoch)
    trade(machine)
    await opened.submit(Batch(events=tuple(machine.log)))
    found = await proofs.replay(opened, config(opened), CAPITAL)
    assert "not stored" in found.problem


async def test_events_that_do_not_fit_are_named() -> None:
    """A chain that holds, of events that no engine could have written."""
    opened = await robson_store.open("memory://", ids=SeededIds("x"))
    machine = Machine(epoch=opened.epoch)
    trade(machine)
    twice = attrs.evolve(machine.log[0], sequence=2, event_id=EventId("e"))
    await opened.submit(Batch(events=(machine.log[0], twice)))
    found = await proofs.replay(opened, config(opened), CAPITAL)
    assert "armed twice" in found.problem
