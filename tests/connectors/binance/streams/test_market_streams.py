"""Market streams over a real socket: what is subscribed, lost, repeated and fetched."""

from __future__ import annotations

import asyncio
import json

import pytest

from robson_connectors.binance.market_data import MARKET_LINK
from robson_connectors.binance.parse_stream import Candle, Ticker
from robson_domain.errors import ValidationError
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol
from tests.connectors.binance.streams.market_kit import BTC, ETH, aggregate, market, quote
from tests.connectors.binance.streams.test_parse_stream import AGGREGATE, KLINE, TICKER
from tests.connectors.transport.kit import MS, SECOND, frame, lapse, until

BNB = Symbol("BNBUSDT")


async def test_link_then_trades() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        assert rig.streams_of(0) == ["btcusdt@aggTrade", "btcusdt@bookTicker"]
        before = rig.clock.now_ns()
        await rig.server.sessions[0].send(aggregate(5, price="123.45"), aggregate(6))
        await until(lambda: len(listener.told) == 3)
        assert listener.told == ["up", 5, 6]
        tick = listener.ticks[0]
        assert tick[:4] == (BTC, 12_345, 5, AGGREGATE["T"] * MS)
        assert before <= tick.ts_received <= rig.clock.now_ns()
        assert tick.steps == 10


async def test_a_second_pair_is_subscribed_on_the_same_connection() -> None:
    async with market() as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        second = rig.subscribe(ETH)
        await until(lambda: second.told == ["up"])
        assert rig.asked == [
            {"method": "SUBSCRIBE", "params": ["ethusdt@aggTrade", "ethusdt@bookTicker"], "id": 1}
        ]
        await rig.server.sessions[0].send(aggregate(1), aggregate(1, ETH), aggregate(2, ETH))
        await until(lambda: len(second.told) == 3)
        assert (first.told, second.told) == (["up", 1], ["up", 1, 2])
        assert len(rig.server.sessions) == 1


async def test_both_pairs_are_in_the_next_address() -> None:
    async with market() as rig:
        first, second = rig.subscribe(), rig.subscribe(ETH)
        await until(lambda: first.told and second.told)
        rig.server.sessions[0].cut()
        await until(lambda: first.told == second.told == ["up", "down", "up"])
        assert len(rig.streams_of(1)) == 4


async def test_a_trade_may_come_before_the_answer() -> None:
    async with market() as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        rig.answers = False
        second = rig.subscribe(ETH)
        await until(lambda: rig.asked)
        assert second.told == []
        await rig.server.sessions[0].send(aggregate(9, ETH))
        await until(lambda: len(second.told) == 2)
        assert second.told == ["up", 9]


@pytest.mark.parametrize("problem", ["refused", "unanswered"])
async def test_a_subscription_that_fails_is_made_anew(problem: str) -> None:
    async with market(patience_ns=100 * MS) as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        rig.refuses, rig.answers = problem == "refused", problem == "refused"
        second = rig.subscribe(ETH)
        await until(lambda: second.told == ["up"])
        assert len(rig.server.sessions) == 2
        assert first.told == ["up"], "the other pair goes on"
        assert rig.problems.names["subscription_refused"] == (problem == "refused")


async def test_unsubscribing() -> None:
    async with market() as rig:
        first, second = rig.subscribe(), rig.subscribe(ETH)
        await until(lambda: first.told and second.told)
        rig.streams.unsubscribe(ETH)
        rig.streams.unsubscribe(ETH)
        await until(lambda: rig.asked)
        assert rig.asked[-1]["method"] == "UNSUBSCRIBE"
        assert rig.asked[-1]["params"] == ["ethusdt@aggTrade", "ethusdt@bookTicker"]
        told = list(second.told)
        await rig.server.sessions[0].send(aggregate(4, ETH), quote("1.00", ETH), aggregate(4))
        await until(lambda: first.told[-1] == 4)
        assert second.told == told
        again = rig.subscribe(ETH)
        await until(lambda: again.told == ["up"])


async def test_without_a_pair_there_is_no_connection() -> None:
    async with market() as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        rig.streams.unsubscribe(BTC)
        await until(lambda: not rig.server.open_sessions)
        await lapse(50)
        assert len(rig.server.sessions) == 1
        assert first.told == ["up"]
        again = rig.subscribe()
        await until(lambda: again.told == ["up"])


async def test_a_second_subscription_replaces_the_first() -> None:
    async with market() as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        await rig.server.sessions[0].send(aggregate(1))
        await until(lambda: len(first.told) == 2)
        second = rig.subscribe()
        await until(lambda: second.told == ["up"])
        await rig.server.sessions[0].send(aggregate(2))
        await until(lambda: len(second.told) == 2)
        assert (first.told, second.told) == (["up", 1], ["up", 2])
        assert rig.asked == []


async def test_a_pair_whose_rules_are_not_to_be_had_yet() -> None:
    async with market(speed=20) as rig:
        rig.instrument_failures = 2
        listener = rig.subscribe()
        await until(lambda: listener.told == ["up"])
        assert rig.problems.names["instrument_unknown"] == 2


async def test_leaving_before_the_rules_are_known() -> None:
    async with market(speed=20) as rig:
        rig.instrument_failures = 1
        listener = rig.subscribe()
        await until(lambda: rig.problems.told)
        rig.streams.unsubscribe(BTC)
        await lapse(50)
        assert listener.told == []
        assert rig.server.sessions == []


async def test_leaving_while_the_rules_are_fetched() -> None:
    async with market() as rig:
        rig.rules.clear()
        listener = rig.subscribe()
        await lapse(20)
        rig.streams.unsubscribe(BTC)
        rig.rules.set()
        await lapse(50)
        assert listener.told == []
        assert rig.server.sessions == []


async def test_coming_and_going_while_it_connects() -> None:
    async with market() as rig:
        rig.server.gate.clear()
        first, second = rig.subscribe(), rig.subscribe(ETH)
        await until(lambda: rig.server.asked)
        rig.streams.unsubscribe(ETH)
        third = rig.subscribe(BNB)
        await lapse(20)
        rig.server.gate.set()
        await until(lambda: first.told and third.told)
        assert rig.asked[0]["params"] == ["bnbusdt@aggTrade", "bnbusdt@bookTicker"]
        await rig.server.sessions[0].send(aggregate(1, ETH), aggregate(1, BNB), aggregate(1))
        await until(lambda: first.told == third.told == ["up", 1])
        assert second.told == []


async def test_an_answered_subscription_stays() -> None:
    async with market(patience_ns=50 * MS) as rig:
        first = rig.subscribe()
        await until(lambda: first.told)
        second = rig.subscribe(ETH)
        await until(lambda: second.told)
        await lapse(150)
        assert len(rig.server.sessions) == 1


async def test_frames_on_the_way_out_go_nowhere() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        session = rig.server.sessions[0]
        session.stall()
        closing = asyncio.ensure_future(rig.streams.close())
        await lapse(50)
        raw = b"".join(frame(1, said.encode()) for said in (aggregate(1), quote("1.00")))
        session.write(raw)
        await closing
        assert listener.told == ["up"]
        assert rig.streams.counts == {}


async def test_an_overlap_repeats_nothing_and_misses_nothing() -> None:
    async with market(lifetime_ns=300 * MS, overlap_ns=200 * MS) as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        await rig.server.sessions[0].send(aggregate(1), aggregate(2))
        await until(lambda: len(rig.server.sessions) == 2)
        old, new = rig.server.sessions[:2]
        for number in range(3, 9):
            await old.send(aggregate(number))
            await new.send(aggregate(number))
        await until(lambda: len(listener.told) >= 9)
        await until(lambda: not old.is_open)
        assert listener.told == ["up", *range(1, 9)]


async def test_told_of_a_shutdown_it_moves() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        await rig.server.sessions[0].send('{"e":"serverShutdown","E":1672515782136}')
        await until(lambda: len(rig.server.sessions) == 2)
        await until(lambda: len(rig.server.open_sessions) == 1)
        await rig.server.sessions[1].send(aggregate(1))
        await until(lambda: listener.told == ["up", 1])


async def test_a_silent_stall_of_the_data_is_noticed_although_pings_go_on() -> None:
    async with market(quiet_ns=200 * MS) as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        await rig.server.sessions[0].send(aggregate(1))
        await until(lambda: len(rig.server.sessions) == 2)
        await rig.server.sessions[1].send(aggregate(4))
        await until(lambda: 4 in listener.told)
        assert listener.told == ["up", 1, "down", "up", 4], "what was missed is to be fetched"


async def test_back_fill_goes_as_far_as_the_live_trades() -> None:
    """The venue's history may lag behind its stream."""
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        await rig.server.sessions[0].send(aggregate(1), aggregate(12))
        await until(lambda: 12 in listener.told)
        rig.history = [TradeTick(BTC, 1, n, 1, 1) for n in range(1, 12)]
        found = await rig.streams.trades_since(BTC, 1)
        assert [tick.trade_id for tick in found] == list(range(2, 12))
        assert rig.fetched == [1, 6]
        await rig.streams.trades_since(BTC, 11)
        assert rig.fetched == [1, 6, 11]


async def test_back_fill_of_a_pair_nobody_follows() -> None:
    async with market() as rig:
        rig.history = [TradeTick(BTC, 1, 3, 1, 1)]
        assert await rig.streams.trades_since(BTC, 2) == (rig.history[0],)
        assert await rig.streams.trades_since(BTC, 3) == ()


async def test_an_odd_print_waits_for_its_time() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        session = rig.server.sessions[0]
        await session.send(quote("100.00"), aggregate(1), aggregate(2, price="80.00"))
        await until(lambda: rig.problems.names["print_held"])
        assert listener.told == ["up", 1]
        held_at = rig.clock.now_ns()
        await until(lambda: listener.told == ["up", 1, 2])
        assert 200 * MS < rig.clock.now_ns() - held_at < 2 * SECOND


async def test_an_odd_print_of_a_pair_that_was_left_is_nobodys() -> None:
    async with market() as rig:
        listener, other = rig.subscribe(), rig.subscribe(ETH)
        await until(lambda: listener.told and other.told)
        session = rig.server.sessions[0]
        await session.send(quote("100.00"), aggregate(2, price="80.00"))
        await until(lambda: rig.problems.names["print_held"])
        rig.streams.unsubscribe(BTC)
        await lapse(350)
        assert listener.told == ["up"]


async def test_unreadable_frames_are_counted_and_told_now_and_then() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        bad = aggregate(2, price="100.x")
        await rig.server.sessions[0].send(aggregate(1), *[bad] * 12, "nonsense", aggregate(2))
        await until(lambda: listener.told == ["up", 1, 2])
        assert rig.streams.counts["malformed"] == 13
        counts = [facts["count"] for facts in rig.problems.facts("frame_malformed")]
        assert counts == ["1", "10"]


async def test_a_finer_tick_size_is_told_once_and_prices_go_on() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        finer = [aggregate(number, price=f"100.00{number}") for number in (1, 2, 3)]
        await rig.server.sessions[0].send(*finer)
        await until(lambda: listener.told == ["up", 1, 2, 3])
        assert [facts["symbol"] for facts in rig.problems.facts("grid_changed")] == ["BTCUSDT"]


async def test_other_frames_are_counted() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        trade = {**AGGREGATE, "e": "trade", "t": 1, "s": "BTCUSDT", "p": "1"}
        frames = ['{"e":"depthUpdate"}', json.dumps(trade), json.dumps(TICKER), aggregate(1, ETH)]
        await rig.server.sessions[0].send(*frames, aggregate(1))
        await until(lambda: listener.told == ["up", 1])
        assert rig.streams.counts == {
            "ignored depthUpdate": 1,
            "ignored Print": 1,
            "ignored aggTrade": 1,
        }


async def test_tickers_and_candles() -> None:
    async with market() as rig:
        tickers: list[Ticker] = []
        candles: list[Candle] = []
        rig.streams.follow_ticker(BTC, tickers.append)
        rig.streams.follow_candles(BTC, "1m", candles.append)
        await until(lambda: rig.server.sessions)
        await until(lambda: rig.streams_of(0) or rig.asked)
        session = rig.server.sessions[0]
        ticker, candle = {**TICKER, "s": "BTCUSDT"}, {**KLINE, "s": "BTCUSDT"}
        await session.send(json.dumps(ticker), json.dumps(candle), json.dumps(candle))
        await until(lambda: len(candles) == 2)
        assert [str(found.last) for found in tickers] == ["0.0025"]
        assert candles[0].interval == "1m"
        rig.streams.unfollow(BTC)
        rig.streams.unfollow(BTC)
        await until(lambda: not rig.server.open_sessions)
        with pytest.raises(ValidationError, match="interval"):
            rig.streams.follow_candles(BTC, "7m", candles.append)


async def test_closing_is_for_good() -> None:
    async with market() as rig:
        listener = rig.subscribe()
        await until(lambda: listener.told)
        await rig.streams.close()
        await rig.streams.close()
        rig.subscribe()
        rig.streams.follow_ticker(BTC, lambda ticker: None)
        await lapse(50)
        assert listener.told == ["up"]
        assert rig.server.open_sessions == []
        assert len(rig.server.sessions) == 1


async def test_closing_without_ever_having_begun() -> None:
    async with market() as rig:
        await rig.streams.close()


def test_a_stalled_connection_is_replaced_within_five_seconds() -> None:
    """A stop is covered only if it was held against a live price within that time."""
    to_connect = SECOND
    assert MARKET_LINK.quiet_ns + MARKET_LINK.check_ns + to_connect < 5 * SECOND
    assert MARKET_LINK.stale_ns <= 15 * SECOND
