"""Tokens of user streams: renewed, refused, ended, and never shown."""

from __future__ import annotations

from functools import partial

import pytest

from robson_connectors.binance.questions import ListenToken
from tests.connectors.binance.streams.user_kit import (
    BTC,
    ENDED,
    ETH,
    HOUR,
    Rig,
    listening,
    report,
)
from tests.connectors.transport.kit import MS, SECOND, has, lapse, loopback, until


@pytest.mark.parametrize("micros", [True, False])
@pytest.mark.parametrize("same_number", [True, False])
async def test_a_token_is_renewed_at_half_its_life(micros: bool, same_number: bool) -> None:
    async with listening(BTC, speed=20) as rig:
        rig.micros, rig.same_number = micros, same_number
        rig.lifetime_ns = 8 * SECOND
        first = rig.clock.now_ns()
        await rig.push(ENDED)
        await until(lambda: len(rig.subscribed) == 2)
        began = rig.clock.now_ns()
        await until(lambda: len(rig.subscribed) == 3)
        assert 3 * SECOND < rig.clock.now_ns() - began < 7 * SECOND
        assert began - first < 8 * SECOND
        assert len({token for _, token, _ in rig.subscribed}) == 3
        assert len(rig.server.sessions) == 1
        assert rig.gaps == [(BTC, True), (BTC, False), (BTC, True)], "a renewal is no gap"
        number = rig.subscribed[-1][2]
        await rig.push(report(), number)
        await until(lambda: rig.reports)


async def test_an_older_subscription_may_end() -> None:
    async with listening(BTC, speed=20) as rig:
        rig.same_number, rig.lifetime_ns = False, 8 * SECOND
        await rig.push(ENDED)
        await until(lambda: len(rig.subscribed) == 3)
        gaps = list(rig.gaps)
        await rig.push(ENDED, rig.subscribed[1][2])
        await rig.push(ENDED, rig.subscribed[1][2])
        await rig.push(report(), rig.subscribed[2][2])
        await until(lambda: rig.reports)
        assert rig.gaps == gaps


async def test_a_subscription_that_ends_is_made_anew_with_another_token() -> None:
    async with listening(BTC, ETH) as rig:
        await rig.push(ENDED, 0)
        await until(lambda: len(rig.gaps) == 4)
        assert rig.gaps[2:] == [(BTC, False), (BTC, True)]
        assert [symbol for symbol, _ in rig.tokens] == [BTC, ETH, BTC]
        assert rig.streams.is_connected(BTC)


async def test_a_venue_that_ends_every_subscription_is_not_asked_in_a_loop() -> None:
    async with listening(BTC) as rig:
        for count in range(2, 5):
            await rig.push(ENDED, 0)
            await until(partial(has, rig.subscribed, count))
        began = rig.clock.now_ns()
        await rig.push(ENDED, 0)
        await until(lambda: len(rig.subscribed) == 5)
        assert rig.clock.now_ns() - began > 400 * MS


async def test_a_token_that_is_not_taken_is_replaced() -> None:
    async with listening(BTC) as rig:
        rig.bad_tokens = {"geheim-0", "geheim-1"}
        rig.server.sessions[0].cut()
        await until(lambda: len(rig.gaps) == 3)
        assert rig.gaps[1:] == [(BTC, False), (BTC, True)]
        assert [token for _, token in rig.tokens] == ["geheim-0", "geheim-1", "geheim-2"]
        codes = [facts["code"] for facts in rig.problems.facts("user_stream_failed")]
        assert codes == ["-1209", "-1209"]


async def test_a_token_that_is_good_is_used_again_after_a_cut() -> None:
    async with listening(BTC, ETH) as rig:
        rig.server.sessions[0].cut()
        await until(lambda: len(rig.gaps) == 6)
        assert len(rig.tokens) == 2
        assert rig.gaps[2:4] == [(BTC, False), (ETH, False)]
        assert sorted(rig.gaps[4:]) == [(BTC, True), (ETH, True)]
        await rig.push(report())
        await until(lambda: rig.reports)


async def test_a_token_about_to_end_is_not_used_again() -> None:
    async with listening(BTC) as rig:
        rig.lifetime_ns = 50 * SECOND
        await rig.push(ENDED)
        await until(lambda: len(rig.gaps) == 3)
        rig.server.sessions[0].cut()
        await until(lambda: len(rig.gaps) == 5)
        assert len(rig.tokens) == 3


async def test_without_tokens_it_goes_on_trying() -> None:
    async with loopback() as server:
        rig = Rig(server, 10, {})
        rig.fail_tokens = 3
        rig.streams.start(BTC)
        await until(lambda: rig.gaps)
        failed = rig.problems.facts("user_stream_failed")
        assert [facts["code"] for facts in failed] == ["HTTP 503"] * 3
        await rig.streams.close()


async def test_one_pair_without_a_token_disturbs_no_other() -> None:
    async with loopback() as server:
        rig = Rig(server, 1, {})
        rig.fail_tokens = 1
        rig.streams.start(BTC)
        rig.streams.start(ETH)
        await until(lambda: rig.gaps)
        assert rig.gaps == [(ETH, True)]
        await until(lambda: len(rig.gaps) == 2)
        await rig.streams.close()


async def test_whatever_goes_wrong_with_a_token_it_goes_on() -> None:
    async with listening(BTC) as rig:
        rig.breaks = True
        rig.streams.start(ETH)
        await until(partial(has, rig.gaps, 2))
        (facts,) = rig.problems.facts("user_stream_failed")
        assert facts == {"symbol": "ETHUSDT", "problem": "ValueError"}


async def test_an_end_while_another_connection_hears_is_no_gap() -> None:
    async with listening(BTC, lifetime_ns=300 * MS, overlap_ns=500 * MS) as rig:
        await until(partial(has, rig.subscribed, 2))
        await rig.push(report(), 0, 1)
        await until(lambda: rig.reports)
        await rig.push(ENDED, 0, 0)
        await until(partial(has, rig.subscribed, 3))
        assert rig.gaps == [(BTC, True)]


async def test_an_end_after_a_good_while_is_forgiven() -> None:
    async with listening(BTC, speed=100) as rig:
        for count in range(2, 7):
            await lapse(120)
            await rig.push(ENDED)
            await until(partial(has, rig.subscribed, count))
        began = rig.clock.now_ns()
        await lapse(120)
        await rig.push(ENDED)
        await until(partial(has, rig.subscribed, 7))
        assert rig.clock.now_ns() - began < 14 * SECOND


async def test_a_token_that_has_expired_by_our_clock_is_renewed_in_a_minute() -> None:
    """Clocks differ; the venue took it."""
    async with loopback() as server:
        rig = Rig(server, 100, {"overlap_ns": 100 * MS, "patience_ns": 60 * SECOND})
        rig.lifetime_ns = -HOUR
        rig.streams.start(BTC)
        await until(lambda: len(rig.subscribed) == 1)
        began = rig.clock.now_ns()
        await until(lambda: len(rig.subscribed) == 2)
        assert 50 * SECOND < rig.clock.now_ns() - began < 80 * SECOND
        assert rig.gaps == [(BTC, True)]
        await rig.streams.close()


def test_a_token_does_not_show_itself() -> None:
    assert "geheim" not in repr(ListenToken(token="geheim", expires_at=1))
