"""When the Safety Net looks, and what goes wrong on the way."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from robson_connectors.memory import Fault, FaultKind, Operation
from robson_domain import (
    DefinitiveVenueError,
    GuardOpened,
    OrderSide,
    PositionId,
    Price,
    Quantity,
    QueryExternal,
    RestingKind,
    Symbol,
)
from robson_exec import SafetyNetLooked
from robson_exec.limits import HINTED_LOOKS_APART_NS
from tests.exec.net_rig import ACT, BUY, SELL, NetRig, net_rig
from tests.exec.world import BTC, ETH, MS, SECOND, instrument


def looks(rig: NetRig) -> int:
    return sum(isinstance(each, SafetyNetLooked) for each in rig.said)


async def test_it_looks_every_poll() -> None:
    async with net_rig() as rig:
        before = looks(rig)
        await rig.polls(5)
        assert looks(rig) - before == 5


async def test_a_storm_of_hints_is_a_few_looks() -> None:
    async with net_rig() as rig:
        before = looks(rig)
        for _ in range(300):
            rig.net.hint(BTC)
            rig.net.hint(ETH)
            await rig.wait(100 * MS)
        assert looks(rig) - before >= 30 * SECOND // HINTED_LOOKS_APART_NS - 1
        assert looks(rig) - before <= 30 * SECOND // HINTED_LOOKS_APART_NS + 1


async def test_a_hint_brings_the_next_look_forward() -> None:
    async with net_rig() as rig:
        await rig.wait(6 * SECOND)
        before = looks(rig)
        rig.net.hint(BTC)
        await rig.wait(2 * SECOND)
        assert looks(rig) - before == 1


async def test_a_venue_that_refuses_is_asked_ever_less_often_hints_or_not() -> None:
    async with net_rig() as rig:
        rig.venue.inject(Fault(kind=FaultKind.NOT_SENT, on=Operation.PAIRS, times=1_000))
        await rig.polls(1)
        before = looks(rig)
        for _ in range(600):
            rig.net.hint(BTC)
            await rig.wait(SECOND)
        assert looks(rig) - before <= 7


async def test_a_pair_that_is_refused_slows_the_looks_too() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        rig.venue.inject(Fault(kind=FaultKind.NOT_SENT, on=Operation.TRADES, times=1_000))
        await rig.polls(1)
        before = looks(rig)
        await rig.wait(600 * SECOND)
        assert looks(rig) - before <= 7
        assert rig.world.alerts.names.count("pair_in_doubt") == 1


async def test_after_two_refusals_the_rest_is_not_asked() -> None:
    async with net_rig() as rig:
        asked: list[str] = []
        holdings = rig.venue.holdings
        found = await holdings.pair(BTC)
        many = tuple(
            attrs.evolve(found, symbol=Symbol(name), base=attrs.evolve(found.base, free=1))
            for name in ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT")
        )

        async def pairs() -> Any:
            return many

        async def trades(symbol: Any, after: Any) -> Any:
            asked.append(symbol)
            return rig.venue._calls.struck(Operation.TRADES)

        async def rules(symbol: Any) -> Any:
            return instrument(symbol)

        holdings.pairs, holdings.trades = pairs, trades  # type: ignore[method-assign]
        rig.venue.instrument = rules  # type: ignore[method-assign]
        rig.venue.inject(Fault(kind=FaultKind.NOT_SENT, on=Operation.TRADES, times=1_000))
        await rig.polls(1)
        assert len(asked) == 2
        assert rig.net.latest is not None
        assert {seen.state for seen in rig.net.latest.pairs} == {"doubt"}
        assert len(rig.net.latest.pairs) == 4
        await rig.polls(3)
        assert len(set(asked)) > 2, "the same pairs would be hidden for ever"


@pytest.mark.parametrize("operation", [Operation.TRADES, Operation.RESTING_ORDERS, Operation.PAIR])
async def test_a_read_that_fails_is_doubt_about_the_pair(operation: Operation) -> None:
    async with net_rig() as rig:
        rig.venue.inject(Fault(kind=FaultKind.LOSE_REPLY, on=operation, times=100))
        rig.trade(BUY, "0.5")
        await rig.polls(2)
        seen = rig.pair()
        assert seen is not None
        assert (seen.state, seen.side) == ("doubt", None)
        assert await rig.found(GuardOpened) == []


async def test_what_nobody_thought_of_is_doubt_and_not_the_end() -> None:
    async with net_rig() as rig:

        async def refused(symbol: Any) -> Any:
            raise DefinitiveVenueError("no such pair", "UNKNOWN")

        async def broken(symbol: Any) -> Any:
            raise KeyError("rows")

        rig.trade(BUY, "0.5")
        for failing in (refused, broken):
            rig.venue.instrument = failing  # type: ignore[method-assign]
            await rig.polls(1)
            seen = rig.pair()
            assert seen is not None
            assert seen.state == "doubt"
        rig.net._parts.reader.own_of = None  # type: ignore[assignment]
        del rig.venue.instrument
        await rig.polls(1)
        assert rig.daemon.problem is None


async def test_a_pair_without_a_price_is_doubt() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        found = await rig.venue.holdings.pair(BTC)
        rig.venue.holdings.say(attrs.evolve(found, index_price=None))
        await rig.polls(1)
        seen = rig.pair()
        assert seen is not None
        assert "price" in seen.reason


async def test_an_answer_that_changed_under_the_look_is_not_used() -> None:
    async with net_rig() as rig:
        await rig.wait(6 * SECOND)
        holdings = rig.venue.holdings
        original = holdings.resting_orders

        async def entered_meanwhile(symbol: Any) -> Any:
            holdings.resting_orders = original  # type: ignore[method-assign]
            position = await rig.world.store.positions.find_active()
            assert position == ()
            state = rig.daemon._machine.state
            real = rig.net._parts.books.standing(symbol)
            state.live["other"] = attrs.evolve(  # type: ignore[index]
                next(iter(state.positions.values())), position_id=PositionId("other")
            )
            assert rig.net._parts.books.standing(symbol) != real
            return ()

        position = await rig.enter()
        await rig.daemon.desk.close(position.position_id)
        await rig.polls(4)
        holdings.resting_orders = entered_meanwhile  # type: ignore[method-assign]
        rig.trade(BUY, "0.5")
        await rig.wait(2 * SECOND)
        seen = rig.pair()
        assert seen is not None
        assert seen.reason == "changed"
        assert await rig.found(GuardOpened) == []
        del rig.daemon._machine.state.live["other"]  # type: ignore[arg-type]


async def test_core_that_enters_while_a_guard_asks_is_doubt() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        (guard,) = rig.guards()
        moments = iter([(), ("entered",), ("entered",), ("entered",)])
        books = rig.net._parts.books

        class Moving(type(books)):  # type: ignore[misc]
            def core_standing(self, symbol: Any) -> Any:
                return next(moments)

        parts = attrs.evolve(rig.net._parts, books=Moving(books.state))
        rig.net._fresh._parts = parts
        offered: list[Any] = []
        rig.net._fresh._parts = attrs.evolve(parts, offer=offered.append)
        question = QueryExternal(symbol=BTC, position_id=guard.position_id)
        rig.net.answer(question)
        rig.net.answer(question)
        await rig.wait(500 * MS)
        (said,) = offered
        assert (said.excluded, said.guard, said.side) == ("doubt", guard.position_id, None)
        rig.net.answer(question)
        await rig.wait(100 * MS)
        assert len(offered) == 1, "the next answer is a second later"
        await rig.wait(SECOND)
        assert [each.excluded for each in offered] == ["doubt", ""]


async def test_an_entry_nobody_knows_must_be_seen_twice() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        found = await rig.venue.holdings.pair(BTC)
        rig.venue.holdings.say(attrs.evolve(found, base=attrs.evolve(found.base, free="0.3")))
        await rig.wait(6 * SECOND)
        assert rig.guards() == []
        await rig.polls(2)
        (guard,) = rig.guards()
        assert (guard.is_estimated, guard.open_qty) == (True, Quantity("0.3"))


async def test_a_live_price_counts_while_it_is_fresh() -> None:
    async with net_rig() as rig:
        await rig.enter()
        found = attrs.evolve(await rig.venue.holdings.pair(BTC), index_price=Price(50))
        assert rig.net._parts.reader.price(found) == Price(100)
        await rig.wait(6 * SECOND)
        assert rig.net._parts.reader.price(found) == Price(50)


async def test_a_guard_without_a_safety_net_is_answered_with_doubt() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        await rig.daemon.stop()
        rig.venue._calls.is_closed = False
        rig.world.store._closed = False  # type: ignore[attr-defined]
        rig.daemon = await rig.world.boot()
        assert rig.daemon.safety_net is None
        rig.feed(97)
        await rig.wait(3 * SECOND)
        assert rig.sent("robson") == []
        rig.daemon._machine._look_for(QueryExternal(symbol=BTC, position_id="nobody"))  # type: ignore[arg-type]


async def test_a_guard_is_taken_up_after_a_restart() -> None:
    async with net_rig() as rig:
        rig.trade(BUY, "0.5")
        await rig.wait(6 * SECOND)
        await rig.daemon.stop()
        rig.venue._calls.is_closed = False
        rig.world.store._closed = False  # type: ignore[attr-defined]
        parts: dict[str, Any] = {
            "holdings": rig.venue.holdings,
            "protection": rig.daemon._machine.parts.protection,
        }
        rig.daemon = await rig.world.boot(**parts)
        await rig.prices("97.9")
        await rig.wait(3 * SECOND)
        assert len(rig.sent("robson_safety")) == 1


async def test_an_exit_refused_for_lack_of_balance_clears_the_way() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.wait(10 * SECOND)
        rig.rest(SELL, position.open_qty, RestingKind.LIMIT, price="150")
        refused = Fault(kind=FaultKind.REJECT, code="-2010 insufficient balance")
        rig.venue.inject(refused)
        rig.net._parts.locks._seen.clear()
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(3 * SECOND)
        assert "locking_order_canceled" in rig.world.alerts.names
        assert (await rig.world.position()).is_closed


@pytest.mark.parametrize("cancels", [True, False])
async def test_orders_in_the_way_are_canceled_only_when_that_is_wanted(cancels: bool) -> None:
    settings = attrs.evolve(ACT, cancels_locking_orders=cancels)
    async with net_rig(settings) as rig:
        position = await rig.enter()
        rig.rest(SELL, position.open_qty, RestingKind.LIMIT, price="150")
        rig.rest(OrderSide.BUY, "0.1", RestingKind.LIMIT, name="web_buy", price="50")
        await rig.polls(1)
        assert rig.world.alerts.names.count("quantity_locked") == 1
        await rig.polls(1)
        assert rig.world.alerts.names.count("quantity_locked") == 1
        refused = Fault(kind=FaultKind.REJECT, code="-2010 insufficient balance")
        rig.venue.inject(*([] if cancels else [refused]))
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(3 * SECOND)
        canceled = [f for _, name, f in rig.world.alerts.told if name == "locking_order_canceled"]
        assert [facts["client_order_id"] for facts in canceled] == ["web_rest"] * cancels
        if not cancels:
            assert rig.world.alerts.names.count("quantity_locked") >= 2


async def test_an_exit_never_waits_long_for_what_is_in_its_way() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        rig.rest(SELL, position.open_qty, RestingKind.LIMIT, price="150")
        await rig.polls(1)
        slow = Fault(kind=FaultKind.DELAY, on=Operation.CANCEL, delay_ns=60 * SECOND, times=9)
        rig.venue.inject(slow)
        before = rig.world.clock.now_ns()
        await rig.daemon.desk.close(position.position_id)
        sent = len(rig.sent("robson"))
        await rig.wait(1_900 * MS)
        assert len(rig.sent("robson")) == sent
        await rig.wait(200 * MS)
        assert len(rig.sent("robson")) == sent + 1
        assert rig.world.clock.now_ns() - before < 3 * SECOND


async def test_whatever_is_wrong_with_the_locks_the_exit_goes_out() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.polls(1)
        rig.net._parts.locks.last_price = None  # type: ignore[assignment]
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(SECOND)
        assert (await rig.world.position()).is_closed
        assert "unlocking_failed" in rig.world.alerts.names


async def test_what_is_bought_back_needs_the_quote_asset() -> None:
    async with net_rig() as rig:
        rig.trade(SELL, "0.5")
        rig.rest(BUY, "1000", RestingKind.LIMIT, name="web_low", price="10")
        rig.rest(BUY, "1", RestingKind.LIMIT, name="web_small", price="10")
        await rig.polls(1)
        await rig.prices("102")
        await rig.wait(3 * SECOND)
        canceled = [f for _, name, f in rig.world.alerts.told if name == "locking_order_canceled"]
        assert [facts["client_order_id"] for facts in canceled] == ["web_small", "web_low"]
        assert len(rig.sent("robson_safety")) == 1


async def test_resting_orders_that_cannot_be_read_are_told_of() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        await rig.wait(10 * SECOND)
        rig.venue.inject(
            Fault(kind=FaultKind.REJECT, code="-2010 insufficient balance"),
            Fault(kind=FaultKind.LOSE_REPLY, on=Operation.RESTING_ORDERS, times=3),
        )
        await rig.daemon.desk.close(position.position_id)
        await rig.wait(3 * SECOND)
        assert "resting_orders_unknown" in rig.world.alerts.names
        assert (await rig.world.position()).is_closed


async def test_two_looks_that_hints_bring_together_are_not_two_looks_a_poll_apart() -> None:
    async with net_rig() as rig:
        await rig.enter(distance="5%")
        await rig.wait(6 * SECOND)
        before = looks(rig)
        rig.trade(BUY, "0.3")
        for _ in range(17):
            rig.net.hint(BTC)
            await rig.wait(SECOND)
        assert looks(rig) - before >= 3
        assert rig.guards() == []
        await rig.polls(2)
        assert len(rig.guards()) == 1
