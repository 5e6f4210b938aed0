"""Commands that go on until Ctrl-C: what they do when the daemon goes away meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from robsond import dto
from robsond.cli import local
from tests.robsond.cli_fake import EVENTS, HEAD, TOKEN, FakeDaemon, event, fake_daemon, status
from tests.robsond.cli_person import Ended, robson

Pauses = Callable[[list[Callable[[], None]]], None]


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def daemon(closing: ExitStack) -> FakeDaemon:
    return closing.enter_context(fake_daemon())


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """What happens in each pause between two looks; after the last of them comes Ctrl-C."""

    def happen(turns: list[Callable[[], None]]) -> None:
        coming = iter(turns)

        def pause(seconds: float) -> None:
            assert seconds > 0
            turn = next(coming, None)
            if turn is None:
                raise KeyboardInterrupt
            turn()

        monkeypatch.setattr(local, "pause", pause)

    return happen


def call(daemon: FakeDaemon, folder: Path, *typed: str) -> Ended:
    return robson(
        *typed, ROBSON_API_URL=daemon.url, ROBSON_API_TOKEN=TOKEN, ROBSON_DATA_DIR=str(folder)
    )


def test_watching_looks_again_after_each_pause(
    daemon: FakeDaemon, pauses: Pauses, tmp_path: Path
) -> None:
    def halted() -> None:
        daemon.answer("GET", "/api/status", status(trading_state="CLOSE_ONLY"))

    pauses([halted])
    ended = call(daemon, tmp_path, "status", "--watch")
    assert (ended.code, ended.err) == (0, "")
    before, after = ended.out.split("PAPER")[1:]
    assert "CLOSE_ONLY" not in before
    assert "CLOSE_ONLY" in after


def test_watching_goes_on_when_the_daemon_is_away(
    daemon: FakeDaemon, pauses: Pauses, closing: ExitStack, tmp_path: Path
) -> None:
    pauses([closing.close, lambda: None])
    ended = call(daemon, tmp_path, "status", "--watch")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("Looking again …") == 2


def test_watching_ends_when_the_daemon_refuses(
    daemon: FakeDaemon, pauses: Pauses, tmp_path: Path
) -> None:
    """A token that was taken back does not come back by looking again."""
    pauses([lambda: daemon.refuse("GET", "/api/status", 401, code="UNAUTHORIZED", message="no")])
    ended = call(daemon, tmp_path, "status", "--watch")
    assert ended.code != 0
    assert "UNAUTHORIZED" in ended.err


def test_a_daemon_that_is_not_there_is_an_error_not_something_to_watch(
    daemon: FakeDaemon, pauses: Pauses, closing: ExitStack, tmp_path: Path
) -> None:
    pauses([])
    closing.close()
    assert call(daemon, tmp_path, "status", "--watch").code == 3


@pytest.mark.parametrize("interval", ["0", "0.09", "3601"])
def test_the_pause_has_bounds(daemon: FakeDaemon, tmp_path: Path, interval: str) -> None:
    ended = call(daemon, tmp_path, "status", "--watch", "--interval", interval)
    assert (ended.code, daemon.seen) == (2, [])
    assert "--interval" in ended.err


def test_following_asks_only_for_what_is_new(
    daemon: FakeDaemon, pauses: Pauses, tmp_path: Path
) -> None:
    def one_more() -> None:
        more = dto.EventsReply(
            events=[event(4, "PositionErrored", problem="look at me")],
            head=dto.HeadView(sequence=4, hash="cd" * 32, epoch=HEAD.epoch),
            next_after=None,
        )
        daemon.answer("GET", "/api/events", more)

    pauses([one_more])
    ended = call(daemon, tmp_path, "events", "--follow")
    assert (ended.code, ended.err) == (0, "")
    assert [request.params.get("after") for request in daemon.seen] == ["0", str(HEAD.sequence)]
    assert len(ended.out.splitlines()) == len(EVENTS) + 1
    assert "look at me" in ended.out.splitlines()[-1]
