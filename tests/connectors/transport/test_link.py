"""A link stays up: what ends a connection, and what comes after."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from robson_connectors.transport import socket as links
from robson_connectors.transport.connection import Sink
from robson_connectors.transport.socket import Channel, Link, LinkSettings
from tests.connectors.transport.kit import (
    MS,
    SECOND,
    HurryingClock,
    LoopbackServer,
    Problems,
    agreed,
    frame,
    has,
    lapse,
    loopback,
    until,
)


class User:
    """Uses a link: keeps what it is told, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[str] = []
        self.frames: list[tuple[int, str]] = []
        self.channels: list[Channel] = []
        self.is_ready_at_once = True
        self.raises = ""
        self.raises_on_news = ""

    def address(self, channel: Channel) -> str:
        return self.url

    def sink(self, channel: Channel) -> Sink:
        number = len(self.channels)
        self.channels.append(channel)
        return lambda frame, received: self.frames.append((number, frame.decode()))

    def connected(self, channel: Channel) -> None:
        self.told.append(f"connected {self.channels.index(channel)}")
        if self.raises:
            reason, self.raises = self.raises, ""
            raise RuntimeError(reason)
        channel.post("subscribe")
        if self.is_ready_at_once:
            channel.ready()

    def lost(self, channel: Channel) -> None:
        self.told.append(f"lost {self.channels.index(channel)}")

    def link_changed(self, up: bool) -> None:
        news = "up" if up else "down"
        self.told.append(news)
        if self.raises_on_news == news:
            self.raises_on_news = ""
            raise RuntimeError(news)


class Rig:
    def __init__(self, server: LoopbackServer, speed: int, options: dict[str, Any]) -> None:
        self.server = server
        self.clock = HurryingClock(speed)
        self.problems = Problems()
        self.user = User(server.url)
        self.link = Link(
            self.user,
            clock=self.clock,
            jitter=lambda: 0.5,
            notify=self.problems,
            settings=LinkSettings(**options) if options else None,
        )

    @property
    def left(self) -> list[str]:
        return [facts["reason"] for facts in self.problems.facts("link_left")]


@asynccontextmanager
async def linked(speed: int = 1, **options: Any) -> AsyncIterator[Rig]:
    async with loopback() as server:
        rig = Rig(server, speed, options)
        rig.link.start()
        await until(lambda: rig.user.told)
        yield rig
        await rig.link.close()


async def test_up_and_frames() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        await rig.server.sessions[0].send("one", "two")
        await until(lambda: len(rig.user.frames) == 2)
        assert rig.user.frames == [(0, "one"), (0, "two")]
        assert rig.user.told == ["connected 0", "up"]
        await until(lambda: rig.server.sessions[0].received == ["subscribe"])
        assert rig.link.channels == tuple(rig.user.channels)


async def test_reconnects_after_a_cut() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        rig.server.sessions[0].cut()
        await until(lambda: len(rig.server.sessions) == 2 and rig.link.is_up)
        assert rig.user.told == ["connected 0", "up", "down", "lost 0", "connected 1", "up"]
        await rig.server.sessions[1].send("back")
        await until(lambda: rig.user.frames == [(1, "back")])


async def test_reconnects_after_an_orderly_end() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        await rig.server.sessions[0].socket.close(1001)
        await until(lambda: len(rig.server.sessions) == 2 and rig.link.is_up)


async def test_backs_off_while_refused_and_comes_back() -> None:
    async with linked(speed=10) as rig:
        await until(lambda: rig.link.is_up)
        rig.server.refuses = True
        rig.server.sessions[0].cut()
        await until(lambda: rig.server.refused >= 5)
        told = rig.problems.facts("connect_failed")
        assert {facts["problem"] for facts in told} == {"HTTP 503"}
        assert not rig.link.is_up
        rig.server.refuses = False
        await until(lambda: rig.link.is_up)
        assert rig.user.told.count("down") == 1
        lost = [word for word in rig.user.told if word.startswith("lost")]
        assert len(lost) == len(set(lost)) == len(rig.user.channels) - 1, "all but the last"


async def test_a_server_that_ends_every_connection_is_not_asked_in_a_loop() -> None:
    async with linked(speed=2) as rig:
        rig.server.on_open = lambda session: session.cut()
        rig.server.sessions[0].cut()
        await lapse(700)
        # 1.4 s of the clock: at once, then after 0.19, 0.38 and 0.75 s.
        assert 3 <= len(rig.server.sessions) <= 5


async def test_silence_is_noticed() -> None:
    """A server that neither speaks nor answers pings, on a connection that stays open."""
    async with linked(stale_ns=300 * MS, probe_ns=100 * MS) as rig:
        await until(lambda: rig.link.is_up)
        rig.server.sessions[0].stall()
        await until(lambda: len(rig.server.sessions) == 2)
        await until(lambda: rig.link.is_up)
        assert rig.left == ["stale"]
        assert rig.user.told[:4] == ["connected 0", "up", "down", "lost 0"]


async def test_a_server_that_answers_pings_is_alive() -> None:
    async with linked(stale_ns=300 * MS, probe_ns=100 * MS) as rig:
        await until(lambda: rig.link.is_up)
        await lapse(900)
        assert rig.user.told == ["connected 0", "up"]
        assert rig.left == []


async def test_the_servers_own_pings_are_enough() -> None:
    async with linked(stale_ns=300 * MS, probe_ns=10 * SECOND) as rig:
        await until(lambda: rig.link.is_up)
        for _ in range(9):
            await (await rig.server.sessions[0].socket.ping())
            await lapse(100)
        assert rig.left == []
        await until(lambda: rig.left)
        assert rig.left == ["stale"]


async def test_an_old_connection_is_replaced_beside_itself() -> None:
    async with linked(lifetime_ns=300 * MS, overlap_ns=100 * MS) as rig:
        await until(lambda: len(rig.server.sessions) == 2)
        await until(lambda: len(rig.link.channels) == 2 and rig.user.channels[1].is_ready)
        old, new = rig.server.sessions[:2]
        assert old.is_open
        await old.send("from the old")
        await new.send("from the new")
        await until(lambda: len(rig.user.frames) == 2)
        await until(lambda: not old.is_open)
        assert new.is_open
        assert rig.left[0] == "old"
        assert "down" not in rig.user.told
        assert rig.user.told[:4] == ["connected 0", "up", "connected 1", "lost 0"]


async def test_a_quiet_connection_is_replaced_and_then_less_often() -> None:
    async with linked(quiet_ns=50 * MS, overlap_ns=10 * MS) as rig:
        opened: list[int] = []
        for count in range(2, 6):
            await until(partial(has, rig.server.sessions, count))
            opened.append(rig.clock.now_ns())
        gaps = [b - a for a, b in itertools.pairwise(opened)]
        assert gaps[2] > 1.5 * gaps[0]
        assert "down" not in rig.user.told
        assert set(rig.left) == {"quiet"}


async def test_frames_keep_a_connection() -> None:
    async with linked(quiet_ns=100 * MS) as rig:
        await until(lambda: rig.link.is_up)
        for _ in range(10):
            await rig.server.sessions[0].send("tick")
            await lapse(40)
        assert len(rig.server.sessions) == 1


async def test_told_to_go_it_goes_at_once_and_beside_itself() -> None:
    async with linked(overlap_ns=50 * MS) as rig:
        await until(lambda: rig.link.is_up)
        rig.user.channels[0].leave("shutdown")
        rig.user.channels[0].leave("again")
        began = rig.clock.now_ns()
        await until(lambda: len(rig.server.sessions) == 2)
        assert rig.clock.now_ns() - began < 200 * MS
        await until(lambda: not rig.server.sessions[0].is_open)
        assert rig.left == ["shutdown"]
        assert "down" not in rig.user.told


async def test_an_old_connection_lost_during_replacement_is_a_gap() -> None:
    async with linked(overlap_ns=50 * MS) as rig:
        await until(lambda: rig.link.is_up)
        rig.server.refuses = True
        rig.user.channels[0].leave("shutdown")
        await until(lambda: rig.server.refused)
        assert rig.link.is_up
        rig.server.sessions[0].cut()
        await until(lambda: not rig.link.is_up)
        rig.server.refuses = False
        await until(lambda: rig.link.is_up)
        ups = [word for word in rig.user.told if word in ("up", "down")]
        assert ups == ["up", "down", "up"]


async def test_one_that_is_never_ready_is_given_up() -> None:
    async with linked(patience_ns=100 * MS) as rig:
        await until(lambda: rig.link.is_up)
        rig.user.is_ready_at_once = False
        rig.server.sessions[0].cut()
        await until(lambda: "lost 1" in rig.user.told)
        assert rig.user.told[-2:] == ["connected 1", "lost 1"]
        rig.user.is_ready_at_once = True
        await until(lambda: rig.link.is_up)


async def test_a_user_that_raises_is_told_and_tried_again() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        rig.user.raises = "no"
        rig.server.sessions[0].cut()
        await until(lambda: rig.link.is_up and len(rig.server.sessions) >= 3)
        assert rig.problems.names["connect_failed"] == 1
        await until(lambda: len(rig.server.open_sessions) == 1)


async def test_a_user_that_raises_on_the_news_is_told_and_tried_again() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        rig.user.raises_on_news = "up"
        rig.server.sessions[0].cut()
        await until(lambda: rig.problems.names["link_failed"])
        await until(lambda: len(rig.server.sessions) == 3 and len(rig.server.open_sessions) == 1)
        assert rig.link.is_up


async def test_at_most_five_messages_in_any_second() -> None:
    speed = 10
    async with linked(speed=speed) as rig:
        await until(lambda: rig.link.is_up)
        session, channel = rig.server.sessions[0], rig.user.channels[0]
        for number in range(11):
            channel.post(str(number))
        await until(lambda: len(session.received) == 12)
        assert session.received == ["subscribe", *map(str, range(11))]
        times = [time * speed for time in session.times]
        assert all(b - a > 0.95 * SECOND for a, b in zip(times, times[4:], strict=False))


async def test_what_can_not_be_sent_is_told() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        channel = rig.user.channels[0]
        channel.post(object())  # type: ignore[arg-type]
        await until(lambda: rig.problems.names["send_failed"])
        await until(lambda: len(rig.server.sessions) == 2 and rig.link.is_up)


async def test_a_server_that_says_goodbye_and_stays() -> None:
    """The connection can not be used any more, and nobody ends it."""
    async with linked(probe_ns=100 * MS) as rig:
        await until(lambda: rig.link.is_up)
        session = rig.server.sessions[0]
        session.write(frame(8, b"\x03\xe9"))
        session.stall()
        await until(lambda: len(rig.server.sessions) == 2 and rig.link.is_up)
        assert rig.problems.names["probe_failed"] == 1


async def test_a_server_that_ends_in_the_packet_in_which_it_agrees() -> None:
    count = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writer.write(agreed(await reader.readuntil(b"\r\n\r\n")) + frame(8, b"\x03\xe9"))
        writer.close()

    async with loopback() as server, await asyncio.start_server(handle, "127.0.0.1", 0) as ending:
        rig = Rig(server, 10, {})
        rig.user.url = f"ws://127.0.0.1:{ending.sockets[0].getsockname()[1]}"
        rig.link.start()
        await until(lambda: count == 3)
        assert rig.link.channels in ((), tuple(rig.user.channels[-1:]))
        rig.user.url = server.url
        await until(lambda: server.sessions and rig.link.is_up)
        lost = [word for word in rig.user.told if word.startswith("lost")]
        assert len(lost) == len(set(lost)) == len(rig.user.channels) - 1
        await rig.link.close()


async def test_closing_is_quiet_and_for_good() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        told = list(rig.user.told)
        await rig.link.close()
        await rig.link.close()
        await until(lambda: not rig.server.open_sessions)
        await lapse(50)
        assert rig.user.told == told
        assert len(rig.server.sessions) == 1
        assert rig.link.channels == ()
        assert not rig.link.is_up


async def test_closing_while_connecting() -> None:
    async with loopback() as server:
        rig = Rig(server, 1, {})
        server.refuses = True
        rig.link.start()
        await until(lambda: server.refused)
        await rig.link.close()
        count = server.refused
        await lapse(300)
        assert server.refused == count


async def test_closing_a_stalled_one_ends() -> None:
    async with linked() as rig:
        await until(lambda: rig.link.is_up)
        rig.server.sessions[0].stall()
        async with asyncio.timeout(3):
            await rig.link.close()


def test_defaults_fit_a_venue_that_pings_every_twenty_seconds() -> None:
    plain = LinkSettings()
    assert plain.stale_ns == 45 * SECOND
    assert plain.lifetime_ns < 24 * 3_600 * SECOND
    assert plain.check_ns <= plain.probe_ns // 2
    assert links.QUIET_MAX_NS >= 10 * SECOND


@pytest.mark.parametrize("quiet", [0, 5 * SECOND])
def test_looks_are_frequent_enough(quiet: int) -> None:
    settings = LinkSettings(quiet_ns=quiet)
    assert 0 < settings.check_ns <= min(time for time in (quiet, 10 * SECOND) if time) // 2
