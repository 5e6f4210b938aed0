"""User streams over a real socket: tokens, subscriptions, and what may have been missed."""

from __future__ import annotations

import json
from functools import partial

import pytest

from robson_connectors.binance.user_stream import USER_LINK
from robson_connectors.transport.socket import Channel
from robson_domain.symbols import Symbol
from tests.connectors.binance.streams.test_parse_user import CHANGE, POSITION, TRADED
from tests.connectors.binance.streams.user_kit import (
    BTC,
    ETH,
    Rig,
    listening,
    report,
)
from tests.connectors.transport.kit import MS, SECOND, Session, frame, has, lapse, loopback, until


async def test_one_subscription_a_pair_on_one_connection() -> None:
    async with listening(BTC, ETH) as rig:
        assert rig.gaps == [(BTC, True), (ETH, True)]
        assert [symbol for symbol, _ in rig.tokens] == [BTC, ETH]
        assert len(rig.server.sessions) == 1
        assert rig.server.sessions[0].path == "/ws-api/v3"
        assert rig.streams.is_connected(BTC)
        assert not rig.streams.is_connected(Symbol("BNBUSDT"))


async def test_events_go_to_the_pair_of_their_subscription() -> None:
    async with listening(BTC, ETH) as rig:
        await rig.push(report(BTC), 0)
        await rig.push({**TRADED, "s": "ETHUSDT"}, 1)
        await rig.push(POSITION, 1)
        await rig.push(CHANGE, 0)
        await rig.push({"e": "listStatus", "s": "ETHUSDT"}, 1)
        await until(lambda: len(rig.hints) == 3)
        assert [found.symbol for found in rig.reports] == [BTC, ETH]
        assert [fill.trade_id for fill in rig.reports[1].fills] == ["77"]
        assert rig.hints == [ETH, BTC, ETH]


async def test_an_event_right_behind_the_answer_is_not_lost() -> None:
    """It may stand in the same packet."""
    async with loopback() as server:
        rig = Rig(server, 1, {})
        answered = rig.on_message

        def and_report(session: Session, text: str) -> str | None:
            answer = answered(session, text)
            assert answer is not None
            pushed = json.dumps({"subscriptionId": 0, "event": report()})
            raw = b"".join(frame(1, said.encode()) for said in (answer, pushed))
            session.write(raw)
            return None

        server.on_message = and_report
        rig.streams.start(BTC)
        await until(lambda: rig.gaps)
        await until(lambda: rig.reports)
        await rig.streams.close()


async def test_events_of_nobody_go_nowhere() -> None:
    async with listening(BTC) as rig:
        await rig.push(report(BTC), 9)
        await rig.server.sessions[0].send(json.dumps(report(BTC)))
        await rig.push(report(ETH), 0)
        await rig.push(POSITION, 0)
        await until(lambda: rig.hints)
        assert rig.reports == []
        assert rig.streams.counts == {"event of no pair": 2, "report of another pair": 1}


async def test_a_cancellation_names_the_order() -> None:
    async with listening(BTC) as rig:
        await rig.push(report(x="CANCELED", X="CANCELED", c="cancel", C="order"))
        await until(lambda: rig.reports)
        assert rig.reports[0].client_order_id == "order"


async def test_starting_later_and_twice() -> None:
    async with listening(BTC) as rig:
        rig.streams.start(ETH)
        rig.streams.start(ETH)
        await until(lambda: len(rig.gaps) == 2)
        assert len(rig.server.sessions) == 1
        assert len(rig.subscribed) == 2


async def test_stopping() -> None:
    async with listening(BTC, ETH) as rig:
        rig.streams.stop(ETH)
        rig.streams.stop(ETH)
        await until(lambda: rig.dropped == [1])
        await rig.push(report(ETH), 1)
        await rig.push(report(BTC), 0)
        await until(lambda: rig.reports)
        assert [found.symbol for found in rig.reports] == [BTC]
        rig.streams.stop(BTC)
        await until(lambda: not rig.server.open_sessions)
        assert len(rig.gaps) == 2
        rig.streams.start(BTC)
        await until(lambda: len(rig.gaps) == 3)
        assert len(rig.server.sessions) == 2


async def test_no_answer_is_tried_again() -> None:
    async with loopback() as server:
        rig = Rig(server, 1, {"patience_ns": 400 * MS})
        rig.answers = False
        rig.streams.start(BTC)
        await until(lambda: rig.problems.names["user_stream_failed"])
        rig.answers = True
        await until(lambda: rig.gaps == [(BTC, True)])
        await rig.streams.close()


async def test_coming_and_going_while_it_connects() -> None:
    async with loopback() as server:
        rig = Rig(server, 1, {})
        server.gate.clear()
        rig.streams.start(BTC)
        await until(lambda: server.asked)
        rig.streams.start(ETH)
        rig.streams.start(Symbol("BNBUSDT"))
        rig.streams.stop(BTC)
        server.gate.set()
        await until(partial(has, rig.gaps, 2))
        assert [symbol for symbol, _ in rig.tokens] == [ETH, "BNBUSDT"]
        await rig.streams.close()


async def test_leaving_before_the_answer_ends_the_subscription() -> None:
    async with listening(BTC) as rig:
        answered, waiting = rig.server.on_message, []

        def later(session: Session, text: str) -> str | None:
            waiting.append((session, text))
            return None

        rig.server.on_message = later
        rig.streams.start(ETH)
        await until(lambda: waiting)
        rig.streams.stop(ETH)
        rig.server.on_message = answered
        answer = answered(*waiting[0])
        assert answer is not None
        await rig.server.sessions[0].send(answer)
        await until(lambda: rig.dropped == [1])
        assert rig.gaps == [(BTC, True)]


async def test_an_answer_that_comes_late_is_taken() -> None:
    async with loopback() as server:
        rig = Rig(server, 1, {"patience_ns": 400 * MS})
        answered, waiting = server.on_message, []

        def later(session: Session, text: str) -> str | None:
            waiting.append((session, text))
            return None

        server.on_message = later
        rig.streams.start(BTC)
        await until(lambda: rig.problems.names["user_stream_failed"])
        answer = answered(*waiting[0])
        assert answer is not None
        await server.sessions[0].send(answer)
        await until(lambda: rig.gaps == [(BTC, True)])
        await rig.push(report())
        await until(lambda: rig.reports)
        await rig.streams.close()


async def test_a_connection_nobody_knows_changes_nothing() -> None:
    async with listening(BTC) as rig:
        rig.streams.lost(Channel(rig.clock))
        assert rig.gaps == [(BTC, True)]


async def test_an_overlap_is_no_gap() -> None:
    async with listening(BTC, lifetime_ns=300 * MS, overlap_ns=200 * MS) as rig:
        await until(lambda: len(rig.subscribed) == 2)
        old, new = rig.server.sessions[:2]
        assert old.is_open
        await rig.push(report(c="a"), 0, 0)
        await rig.push(report(c="b"), 0, 1)
        await until(lambda: len(rig.reports) == 2)
        await until(lambda: not old.is_open)
        assert new.is_open or len(rig.server.sessions) > 2
        assert rig.gaps == [(BTC, True)]


async def test_told_of_a_shutdown_it_moves() -> None:
    async with listening(BTC) as rig:
        await rig.server.sessions[0].send('{"e":"serverShutdown","E":1}')
        await until(lambda: len(rig.subscribed) == 2)
        await until(lambda: len(rig.server.open_sessions) == 1)
        assert rig.gaps == [(BTC, True)]


async def test_the_old_connection_stays_until_the_new_one_is_subscribed() -> None:
    async with listening(BTC, ETH, overlap_ns=10 * MS) as rig:
        rig.answers = False
        await rig.server.sessions[0].send('{"e":"serverShutdown","E":1}')
        await until(lambda: len(rig.server.sessions) == 2 and rig.server.sessions[1].received)
        await lapse(150)
        assert rig.server.sessions[0].is_open
        await rig.push(report(), 0, 0)
        await until(lambda: rig.reports)


async def test_a_silent_stall_is_a_gap() -> None:
    async with listening(BTC, stale_ns=300 * MS, probe_ns=100 * MS) as rig:
        rig.server.sessions[0].stall()
        await until(lambda: len(rig.gaps) == 3)
        assert rig.gaps[1:] == [(BTC, False), (BTC, True)]
        assert rig.streams.counts["connections lost"] == 1


@pytest.mark.parametrize("number", [0, 9])
async def test_what_is_not_understood_is_a_gap(number: int) -> None:
    """It may have been a fill: the pair is asked for; of no known pair, every pair is."""
    async with listening(BTC, ETH) as rig:
        await rig.push({**TRADED, "L": "a lot"}, number)
        await until(lambda: len(rig.gaps) >= 4)
        await lapse(20)
        expected = [(BTC, False), (BTC, True)]
        if number == 9:
            expected += [(ETH, False), (ETH, True)]
        assert rig.gaps[2:] == expected
        assert rig.streams.counts["malformed"] == 1


async def test_nonsense_is_a_gap_of_those_that_are_connected() -> None:
    async with listening(BTC) as rig:
        rig.answers = False
        rig.streams.start(ETH)
        await until(lambda: len(rig.tokens) == 2)
        await rig.server.sessions[0].send("nonsense")
        await until(lambda: len(rig.gaps) == 3)
        assert rig.gaps[1:] == [(BTC, False), (BTC, True)]


async def test_a_listener_that_raises_does_not_end_it() -> None:
    async with listening(BTC) as rig:
        rig.raises = True
        await rig.push(report(c="a"))
        await rig.push(report(c="b"))
        await until(lambda: len(rig.reports) == 2)
        assert rig.problems.names["listener_failed"] == 2


async def test_an_answer_nobody_waits_for() -> None:
    async with listening(BTC) as rig:
        await rig.server.sessions[0].send('{"id":"99","status":200,"result":{}}')
        await rig.push(report())
        await until(lambda: rig.reports)


async def test_closing_is_for_good() -> None:
    async with listening(BTC) as rig:
        await rig.streams.close()
        await rig.streams.close()
        rig.streams.start(ETH)
        await lapse(50)
        assert rig.gaps == [(BTC, True)]
        assert len(rig.server.sessions) == 1
        assert rig.server.open_sessions == []
        assert not rig.streams.is_connected(BTC)


async def test_closing_without_ever_having_begun() -> None:
    async with listening() as rig:
        await rig.streams.close()


async def test_many_pairs_wait_for_their_turn() -> None:
    """Twenty subscriptions at four a second: who is last is not given up meanwhile."""
    pairs = [Symbol(f"C{number:02}USDT") for number in range(20)]
    async with loopback() as server:
        rig = Rig(server, 10, {"patience_ns": 8 * SECOND})
        for symbol in pairs:
            rig.streams.start(symbol)
        await until(lambda: rig.problems.told or len(rig.gaps) == len(pairs))
        assert rig.problems.told == []
        assert len(server.sessions) == 1
        await rig.streams.close()


def test_a_dead_account_stream_is_found_by_our_own_pings() -> None:
    assert USER_LINK.quiet_ns == 0
    assert 2 * USER_LINK.probe_ns < USER_LINK.stale_ns < 30 * SECOND
