"""Requests: stamped, signed, repeated only where harmless, within limits, and telling nothing."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from robson_connectors.binance.limits import BANNED, PAUSED
from robson_connectors.binance.outcomes import Call, Outcome
from robson_connectors.binance.pools import Lane
from robson_connectors.binance.signing import ApiKeys
from robson_domain.errors import (
    ConfigurationError,
    DefinitiveVenueError,
    InDoubtError,
    RetryableVenueError,
    VenueError,
)
from tests.connectors.binance.rest.kit import (
    KEY,
    NOW,
    ORDER,
    SECOND,
    SECRET,
    Reply,
    Seen,
    Server,
    Venue,
    refused,
    said,
)

TIME = "/api/v3/time"
MS = 1_000_000


async def place(venue: Venue, lane: Lane = Lane.ORDER) -> Outcome:
    params = (("symbol", "BTCUSDT"),)
    answer = await venue.rest.send("POST", ORDER, params, call=Call.PLACE, lane=lane)
    return answer.ruling.outcome


# --------------------------------------------------------------------------------- shape


async def test_a_public_question_carries_no_key(server: Server, venue: Venue) -> None:
    server.script("GET", "/api/v3/klines", said([1]))
    assert await venue.rest.public("/api/v3/klines", (("symbol", "BTCUSDT"), ("a", "x,y"))) == [1]
    (seen,) = server.seen
    assert seen.target == "/api/v3/klines?symbol=BTCUSDT&a=x%2Cy"
    assert "x-mbx-apikey" not in seen.headers


async def test_a_keyed_call_is_an_unsigned_form(server: Server, venue: Venue) -> None:
    server.script("POST", "/sapi/v1/userListenToken", said({"token": "t"}))
    params = (("isIsolated", "true"), ("symbol", "BTCUSDT"))
    await venue.rest.keyed("POST", "/sapi/v1/userListenToken", params)
    (seen,) = server.seen
    assert (seen.target, seen.body) == (
        "/sapi/v1/userListenToken",
        b"isIsolated=true&symbol=BTCUSDT",
    )
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.headers["x-mbx-apikey"] == KEY


async def test_what_is_signed_is_what_is_sent(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/x", said([]))
    await venue.rest.signed("GET", "/sapi/v1/x", (("symbols", "BTCUSDT,ETHUSDT"),))
    seen = server.seen[-1]
    payload, _, signature = seen.query.rpartition("&signature=")
    stamp = NOW // MS - 200
    assert payload == f"symbols=BTCUSDT%2CETHUSDT&recvWindow=5000&timestamp={stamp}"
    assert signature == ApiKeys(KEY, SECRET).signature(payload)
    assert seen.body == b""
    assert seen.headers["x-mbx-apikey"] == KEY


async def test_orders_have_a_window_of_three_seconds(server: Server, venue: Venue) -> None:
    assert await place(venue) is Outcome.DONE
    assert server.seen[-1].params["recvWindow"] == "3000"


async def test_only_questions_are_repeated(venue: Venue) -> None:
    with pytest.raises(ConfigurationError):
        await venue.rest.signed("POST", ORDER)


async def test_without_keys_nothing_is_signed(server: Server) -> None:
    venue = Venue(server, with_keys=False)
    assert not venue.rest.has_keys
    for call in (venue.rest.signed("GET", ORDER), venue.rest.keyed("POST", "/sapi/v1/x")):
        with pytest.raises(ConfigurationError):
            await call
    assert server.seen == []
    await venue.rest.close()


# ------------------------------------------------------------------------------- repeats


async def test_reads_are_repeated_with_growing_pauses(server: Server, venue: Venue) -> None:
    busy = Reply(status=503, body=b"<html>")
    server.script("GET", "/api/v3/x", busy, busy, busy, busy, busy, busy, busy, said([]))
    assert await venue.rest.public("/api/v3/x", lane=Lane.POLL) == []
    slept = [pause for pause in venue.clock.slept if pause > 10 * MS]
    assert slept == [int(0.75 * SECOND / 4 * 2**n) for n in range(7)]


async def test_pauses_end_at_thirty_seconds(
    server: Server, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_tries(), Lane.POLL, 12)
    server.script("GET", "/api/v3/x", Reply(status=500))
    with pytest.raises(RetryableVenueError):
        await venue.rest.public("/api/v3/x", lane=Lane.POLL)
    assert max(venue.clock.slept) == int(0.75 * 30 * SECOND)


def _tries() -> dict[Lane, int]:
    from robson_connectors.binance import rest

    return rest.TRIES


@pytest.mark.parametrize(
    "reply", [Reply(cut=True), Reply(status=200, body=b"<html>"), refused(-1001)]
)
async def test_a_read_that_goes_on_failing_is_retryable(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("GET", "/api/v3/x", reply)
    with pytest.raises(RetryableVenueError):
        await venue.rest.public("/api/v3/x", lane=Lane.ORDER)
    assert len(server.seen) == 3


async def test_a_refused_read_is_asked_once(server: Server, venue: Venue) -> None:
    server.script("GET", "/api/v3/x", refused(-1121, "Invalid symbol."))
    with pytest.raises(DefinitiveVenueError) as caught:
        await venue.rest.public("/api/v3/x")
    assert (caught.value.code, len(server.seen)) == ("-1121", 1)


async def test_a_hurried_read_is_tried_once(server: Server, venue: Venue) -> None:
    server.script("GET", "/api/v3/x", Reply(hang=True))
    with pytest.raises(RetryableVenueError):
        await venue.rest.public("/api/v3/x", total_s=0.05)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(cut=True),
        Reply(status=503, body=b"Unknown error, please check your request or try again later."),
        Reply(status=504, body=b"<html>504</html>"),
        refused(-1007, "Timeout waiting for response", 408),
        refused(-1006),
        Reply(body=b""),
        refused(-2010, "Duplicate order sent."),
    ],
)
async def test_a_write_goes_out_once_and_may_have_arrived(
    server: Server, venue: Venue, reply: Reply
) -> None:
    server.script("POST", ORDER, reply)
    with pytest.raises(InDoubtError):
        await place(venue)
    assert len(server.asked("POST", ORDER)) == 1


async def test_a_write_that_takes_too_long_may_have_arrived(server: Server) -> None:
    venue = Venue(server, total_s=0.1)
    server.script("POST", ORDER, Reply(hang=True))
    with pytest.raises(InDoubtError):
        await place(venue)
    await venue.rest.close()


async def test_a_write_to_nobody_was_not_sent(server: Server, venue: Venue) -> None:
    await venue.rest.sync_time()
    await server.__aexit__(None, None, None)
    with pytest.raises(RetryableVenueError) as caught:
        await place(venue)
    assert caught.value.code == "NOT_SENT"


async def test_a_refused_write_is_an_answer(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, refused(-3045, "The system doesn't have enough asset now."))
    assert await place(venue) is Outcome.REJECTED


# -------------------------------------------------------------------------------- limits


async def test_a_ban_stops_everything_until_it_ends(server: Server, venue: Venue) -> None:
    until = NOW // MS + 90_000
    server.script("POST", ORDER, refused(-1003, f"IP banned until {until}.", 418), said({}))
    for _ in range(2):
        with pytest.raises(RetryableVenueError):
            await place(venue, Lane.EXIT)
    with pytest.raises(RetryableVenueError) as caught:
        await venue.rest.public("/api/v3/x")
    assert caught.value.code == BANNED
    assert venue.clock.slept == []
    assert len(server.asked("POST", ORDER)) == 1
    venue.clock.now = until * MS
    assert await place(venue, Lane.EXIT) is Outcome.DONE


async def test_a_limited_read_holds_up_neither_the_exit_nor_other_reads(
    server: Server, venue: Venue
) -> None:
    slow = said({"code": -1003, "msg": "too many requests"}, 429, {"Retry-After": "8"})
    server.script("GET", "/sapi/v1/x", slow)
    server.script("GET", "/sapi/v1/y", said({}))
    server.script("POST", ORDER, slow, slow, said({}))
    with pytest.raises(RetryableVenueError):
        await venue.rest.read("/sapi/v1/x", total_s=1)
    await venue.rest.signed("GET", "/sapi/v1/y")
    for code in ("-1003", "-1003", PAUSED):
        with pytest.raises(RetryableVenueError) as caught:
            await place(venue, Lane.EXIT)
        assert caught.value.code == code
    assert len(server.asked("POST", ORDER)) == 2, "once more in the pause, then never"
    venue.clock.now += 8 * SECOND
    assert await place(venue, Lane.EXIT) is Outcome.DONE


async def test_an_entry_is_not_tried_in_a_pause(server: Server, venue: Venue) -> None:
    server.script("POST", ORDER, said({"code": -1015, "msg": "too many orders"}, 429))
    for code in ("-1015", PAUSED):
        with pytest.raises(RetryableVenueError) as caught:
            await place(venue)
        assert caught.value.code == code


async def test_the_end_of_a_ban_is_told_by_the_venues_clock(server: Server, venue: Venue) -> None:
    ahead = 40 * SECOND
    server.script("GET", TIME, said({"serverTime": (NOW + ahead) // MS}))
    until = (NOW + ahead) // MS + 90_000
    server.script("POST", ORDER, refused(-1003, f"banned until {until}", 418))
    with pytest.raises(RetryableVenueError):
        await place(venue)
    assert venue.limiter.banned_until == NOW + 90 * SECOND


async def test_used_weights_are_heard(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/x", said([], headers={"X-SAPI-USED-IP-WEIGHT-1M": "4321"}))
    await venue.rest.signed("GET", "/sapi/v1/x")
    assert venue.limiter.used()["ip GET /sapi/v1/x"] == (4321, 12_000)


# ---------------------------------------------------------------------------------- time


class _SlowClock:
    """Gives the next of its readings at each look, then the last for ever."""

    def __init__(self, *offsets_ms: int) -> None:
        self.left = [NOW + each * MS for each in offsets_ms]

    def now_ns(self) -> int:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


async def test_the_narrowest_of_three_samples_counts(venue: Venue) -> None:
    from robson_connectors.binance.server_time import Sample, ServerTime

    clock = _SlowClock(0, 300, 400, 440, 500, 900, 900)
    answers = [NOW + 5_100 * MS, NOW + 5_420 * MS, NOW + 5_600 * MS]

    async def ask() -> int:
        return answers.pop(0)

    time = ServerTime(clock)  # type: ignore[arg-type]
    await time.sync(ask)
    assert time.best == Sample(40 * MS, 4_980 * MS)
    assert time.stamp_ms() == NOW // MS + 900 + 4_980 - 200
    assert time.ours(time.now()) == NOW + 900 * MS


async def test_a_clock_far_off_is_corrected_before_the_first_signature(
    server: Server, venue: Venue
) -> None:
    server.script("GET", TIME, said({"serverTime": NOW // MS - 90_000}))
    await place(venue)
    assert server.seen[-1].params["timestamp"] == str(NOW // MS - 90_200)
    assert len(server.asked("GET", TIME)) == 3


async def test_a_refused_timestamp_is_no_placement_and_asks_for_the_time(
    server: Server, venue: Venue
) -> None:
    server.script("POST", ORDER, refused(-1021, "Timestamp outside of recvWindow."), said({}))
    assert await place(venue) is Outcome.REJECTED
    assert venue.rest.time.is_wrong
    server.script("GET", TIME, said({"serverTime": NOW // MS + 7_000}))
    assert await place(venue) is Outcome.DONE
    assert server.seen[-1].params["timestamp"] == str(NOW // MS + 6_800)
    assert len(server.asked("POST", ORDER)) == 2


async def test_the_venues_time_never_goes_back(server: Server, venue: Venue) -> None:
    server.script("GET", TIME, said({"serverTime": NOW // MS + 5_000}))
    await venue.rest.sync_time()
    before = venue.rest.time.now()
    server.script("GET", TIME, said({"serverTime": NOW // MS}))
    await venue.rest.sync_time()
    assert venue.rest.time.now() == before
    assert venue.rest.time.stamp_ms() == NOW // MS - 200


async def test_old_knowledge_is_renewed_beside_the_call(server: Server, venue: Venue) -> None:
    await place(venue)
    venue.clock.now += 601 * SECOND
    server.script("GET", TIME, Reply(hang=True))
    await place(venue)
    await place(venue)
    await asyncio.sleep(0.05)
    assert len(server.asked("POST", ORDER)) == 3
    assert len(server.asked("GET", TIME)) == 4


async def test_a_silent_clock_does_not_keep_an_order_back(server: Server, venue: Venue) -> None:
    server.script("GET", TIME, Reply(status=500))
    assert await place(venue) is Outcome.DONE
    assert server.seen[-1].params["timestamp"] == str(NOW // MS - 200)


async def test_many_calls_at_the_start_ask_for_the_time_once(server: Server, venue: Venue) -> None:
    server.script("GET", "/sapi/v1/x", said([]))
    await asyncio.gather(*(venue.rest.signed("GET", "/sapi/v1/x") for _ in range(5)))
    assert len(server.asked("GET", TIME)) == 3


# ------------------------------------------------------------------------- nothing is told


async def test_no_secret_is_in_any_error_log_or_repr(
    server: Server, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    from robson_connectors.transport import http

    http.silence()
    errors: list[VenueError] = []

    def echo(seen: Seen) -> Reply:
        return refused(-1022, "Signature for this request is not valid.")

    for reply in (Reply(cut=True), Reply(status=500), echo, refused(-1003, "no", 429)):
        server.script("POST", ORDER, reply)
        try:
            await place(venue)
        except VenueError as error:
            errors.append(error)
    await venue.rest.limiter.close()
    assert len(errors) == 3
    shown = [repr(venue.rest), repr(venue.http), repr(venue.execution)]
    shown += [repr(record.__dict__) + record.getMessage() for record in caplog.records]
    for each in errors:
        shown += [repr(each), str(each), repr(each.__dict__)]
        shown += traceback.TracebackException.from_exception(each, capture_locals=True).format()
    ours = [text for text in shown if "/tests/" not in text]
    signatures = [seen.params["signature"] for seen in server.asked("POST", ORDER)]
    for secret in ("canary", venue.server.url, "timestamp=", *signatures):
        assert not [text for text in ours if secret in text]
