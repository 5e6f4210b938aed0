"""Three layers say whether core owns a pair: each alone is enough, and none may be unsure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson_domain import (
    ClientOrderId,
    GuardOpened,
    IntentId,
    IntentStatus,
    PositionId,
    PositionStatus,
    QueryExternal,
    StoreError,
    Symbol,
)
from robson_engine.protection import OwnTrades
from robson_exec import ExclusionChanged
from robson_exec.safety.books import Books
from robson_exec.safety.exclusions import (
    Database,
    Exclusions,
    Layer,
    LiveExclusions,
    Owned,
    VenueRecords,
)
from tests.exec.net_rig import BUY, POLL, NetRig, net_rig
from tests.exec.world import BTC, ETH, SECOND, memory_store, sqlite_store

LAYERS = ("database", "live_set", "venue_records")


class Blind:
    """A layer that sees nothing."""

    name = "blind"

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        return Owned()


class BlindBooks(Books):
    """An engine that knows nothing of core, so that only the layers are left."""

    def own(self, symbol: Symbol) -> OwnTrades:
        return OwnTrades()

    def core(self, symbol: Symbol) -> tuple[Any, ...]:
        return ()


class Broken:
    """A layer that cannot be asked."""

    name = "broken"

    async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
        raise StoreError("no connection")


class Anonymous:
    """The venue does not tell which order an execution belongs to."""

    def __init__(self, holdings: Any) -> None:
        self._holdings = holdings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._holdings, name)

    async def trades(self, symbol: Symbol, after: Any) -> Any:
        found = await self._holdings.trades(symbol, after)
        return tuple(attrs.evolve(trade, client_order_id="") for trade in found)


def replace_layers(rig: NetRig, change: Callable[[Layer], Layer], books: Books) -> None:
    """Exchange what a running Safety Net knows."""
    old = rig.net._parts
    exclusions = attrs.evolve(old.exclusions, layers=tuple(map(change, old.exclusions.layers)))
    reader = old.reader
    reader.own_of = books.own
    reader.holdings = Anonymous(rig.venue.holdings)
    parts = attrs.evolve(old, exclusions=exclusions, books=books)
    rig.net._parts = rig.net._fresh._parts = parts


def only(*names: str) -> Callable[[Layer], Layer]:
    return lambda layer: layer if layer.name in names else Blind()


@pytest.mark.parametrize("layer", LAYERS)
async def test_each_layer_alone_keeps_the_safety_net_from_core_s_position(layer: str) -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        replace_layers(rig, only(layer), BlindBooks(rig.daemon._machine.state))
        await rig.polls(4)
        assert await rig.found(GuardOpened) == []
        seen = rig.pair()
        assert seen is not None
        assert (seen.reason, seen.position_id) == ("core_managed", position.position_id)


async def test_without_any_layer_it_would_be_guarded() -> None:
    """What keeps it from core's position in the test above is the layer, and nothing else."""
    async with net_rig() as rig:
        await rig.enter()
        replace_layers(rig, only(), BlindBooks(rig.daemon._machine.state))
        await rig.polls(2)
        assert len(await rig.found(GuardOpened)) == 1


@pytest.mark.parametrize("layer", LAYERS)
async def test_each_layer_alone_answers_a_guard_right_before_sending(layer: str) -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        replace_layers(rig, only(layer), BlindBooks(rig.daemon._machine.state))
        said = await rig.net._fresh._seen(BTC)
        assert said is not None
        assert (said.excluded, said.side) == ("core_managed", None)
        assert position.open_qty


@pytest.mark.parametrize("broken", LAYERS)
async def test_a_layer_that_fails_is_doubt_and_the_others_are_asked_all_the_same(
    broken: str,
) -> None:
    async with net_rig() as rig:
        asked: list[str] = []

        class Noted:
            def __init__(self, name: str) -> None:
                self.name = name

            async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
                asked.append(self.name)
                return Owned()

        def change(layer: Layer) -> Layer:
            return Broken() if layer.name == broken else Noted(layer.name)

        rig.trade(BUY, "0.5")
        replace_layers(rig, change, rig.net._parts.books)
        await rig.polls(2)
        assert rig.guards() == []
        seen = rig.pair()
        assert seen is not None
        assert (seen.state, "broken: StoreError" in seen.reason) == ("doubt", True)
        assert set(asked) == set(LAYERS) - {broken}
        assert rig.world.alerts.names.count("pair_in_doubt") == 1
        replace_layers(rig, lambda _: Blind(), rig.net._parts.books)
        await rig.polls(1)
        assert rig.world.alerts.names.count("pair_clear_again") == 1
        assert len(rig.guards()) == 1


async def test_a_layer_that_hangs_is_doubt() -> None:
    async with net_rig() as rig:

        class Hanging(Blind):
            async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
                await rig.world.clock.sleep_until(1 << 62)
                return Owned()

        found: list[Owned] = []
        exclusions = attrs.evolve(rig.net._parts.exclusions, layers=(Hanging(),))
        task = rig.net._parts.supervisor.spawn(
            "ask", _keep(exclusions, found), token=rig.world.activity.token()
        )
        await rig.wait(11 * SECOND)
        assert task.done()
        assert found == [Owned(doubts=("blind: no answer in time",))]


async def _keep(exclusions: Exclusions, found: list[Owned]) -> None:
    found.append(await exclusions.ask(BTC, ()))


def only_seen_after(rig: NetRig) -> Layer:
    """A layer for which the entry becomes durable between the two rounds of questions."""

    class Late(Blind):
        rounds = 0

        async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
            self.rounds += 1
            return Owned(owners=("p1",)) if self.rounds % 2 == 0 else Owned()  # type: ignore[arg-type]

    return Late()


def only_seen_before(rig: NetRig) -> Layer:
    """A layer for which core ceased to own the pair between the two rounds."""

    class Early(Blind):
        rounds = 0

        async def ask(self, symbol: Symbol, refs: tuple[str, ...]) -> Owned:
            self.rounds += 1
            return Owned(owners=("p1",)) if self.rounds % 2 else Owned()  # type: ignore[arg-type]

    return Early()


@pytest.mark.parametrize("late", [only_seen_after, only_seen_before])
async def test_what_a_layer_says_at_one_of_the_two_moments_is_enough(late: Any) -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        layers = iter((late(rig), Blind(), Blind()))
        replace_layers(rig, lambda _: next(layers), BlindBooks(rig.daemon._machine.state))
        await rig.polls(3)
        assert await rig.found(GuardOpened) == []
        said = await rig.net._fresh._seen(BTC)
        assert said is not None
        assert said.excluded == "core_managed"


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_the_database_knows_owners_and_orders_without_an_outcome(
    kind: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        file = await stack.enter_async_context(sqlite_store(tmp_path / "robson.db"))
        store = file if kind == "sqlite" else await memory_store()
        async with net_rig(store=store) as rig:
            position = await rig.enter()
            database, records = Database(rig.world.store), VenueRecords(rig.world.store)
            assert await database.ask(BTC, ()) == Owned(owners=(position.position_id,))
            assert await database.ask(ETH, ()) == Owned()
            ref = position.venue_position_ref
            assert ref
            assert await records.ask(BTC, (ref,)) == Owned(owners=(position.position_id,))
            assert await records.ask(BTC, ("BTCUSDT:other",)) == Owned()
            assert position.signal is not None
            signal = IntentId(position.signal.signal_id)
            intent = await rig.world.store.intents.get_intent(signal)
            assert intent is not None
            again = attrs.evolve(
                intent,
                intent_id=IntentId("x"),
                client_order_id=ClientOrderId("x"),
                position_id=PositionId("unknown"),
                status=IntentStatus.RECORDED,
                symbol=ETH,
            )
            await rig.world.store.intents.record_intent(again)
            assert await database.ask(ETH, ()) == Owned(
                owners=(PositionId("unknown"),), unresolved=True
            )
            await rig.world.store.intents.complete_intent(again.becomes("done"))


async def test_the_live_set_follows_the_bus_and_says_so() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        changes = [each for each in rig.said if isinstance(each, ExclusionChanged)]
        assert [(c.symbol, c.position_id, c.added) for c in changes] == [
            (BTC, position.position_id, True),
            (BTC, position.position_id, False),
        ]
        live = next(
            layer for layer in rig.net._parts.exclusions.layers if isinstance(layer, LiveExclusions)
        )
        assert (await live.ask(BTC, ())).lately
        assert not (await live.ask(ETH, ())).lately
        await rig.wait(2 * POLL)
        assert await live.ask(BTC, ()) == Owned()


async def test_the_live_set_takes_up_what_is_durable_at_a_start() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        live = LiveExclusions(rig.daemon.bus, rig.world.clock, POLL)
        live.seed([position])
        assert await live.ask(BTC, ()) == Owned(owners=(position.position_id,))
        closed = attrs.evolve(
            position, status=PositionStatus.CLOSED, closed_at=rig.world.clock.now_ns()
        )
        after = LiveExclusions(rig.daemon.bus, rig.world.clock, POLL)
        after.seed([closed])
        assert await after.ask(BTC, ()) == Owned(lately=True)


async def test_a_live_set_that_missed_something_is_in_doubt() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        live = LiveExclusions(rig.daemon.bus, rig.world.clock, POLL)
        live._owned = None  # type: ignore[assignment]
        rig.daemon.bus.add_listener("broken_set", live.hear)
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        live._owned = {}
        assert (await live.ask(BTC, ())).doubts


async def test_a_question_of_a_guard_that_is_not_known_is_answered_by_nothing() -> None:
    async with net_rig() as rig:
        rig.net.answer(QueryExternal(symbol=BTC, position_id="nobody"))  # type: ignore[arg-type]
        await rig.wait(SECOND)
        assert await rig.found(GuardOpened) == []
