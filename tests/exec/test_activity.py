"""Work in progress is counted, and only while it is in progress."""

from __future__ import annotations

import asyncio

from robson_exec import Activity
from robson_exec.activity import Rank, current_token, work_under
from tests.exec.world import is_idle


def test_busy_inside_the_block_and_idle_after_it() -> None:
    activity = Activity()
    with activity.busy() as token:
        assert not is_idle(activity)
        assert current_token() is token
        assert token.rank is Rank.TASK
    assert is_idle(activity)
    assert current_token() is None


def test_idle_again_after_an_error() -> None:
    activity = Activity()
    try:
        with activity.busy():
            raise RuntimeError
    except RuntimeError:
        pass
    assert is_idle(activity)
    assert current_token() is None


def test_nested_work_counts_each() -> None:
    activity = Activity()
    with activity.busy() as outer:
        with activity.busy():
            pass
        assert not is_idle(activity)
        assert current_token() is outer


def test_a_paused_token_does_not_count_until_the_last_pause_is_over() -> None:
    activity = Activity()
    token = activity.token()
    token.pause()
    token.pause()
    assert is_idle(activity)
    token.resume()
    assert is_idle(activity)
    token.resume()
    assert not is_idle(activity)
    token.close()
    assert is_idle(activity)


def test_a_closed_token_never_counts_again() -> None:
    activity = Activity()
    token = activity.token()
    token.pause()
    token.close()
    token.close()
    token.resume()
    token.pause()
    token.resume()
    assert is_idle(activity)


def test_every_start_of_work_moves_the_version() -> None:
    activity = Activity()
    before = activity.version
    token = activity.token()
    token.pause()
    token.resume()
    token.close()
    assert activity.version == before + 2


async def test_waiting_for_idle_ends_with_the_work() -> None:
    activity = Activity()
    token = activity.token()
    waiting = asyncio.ensure_future(activity.wait_idle())
    await asyncio.sleep(0)
    assert not waiting.done()
    token.close()
    await asyncio.wait_for(waiting, 1)


async def test_a_task_works_under_the_token_it_was_given() -> None:
    activity = Activity()
    token = activity.token(Rank.TIMER)

    async def work() -> None:
        work_under(token)
        assert current_token() is token

    await asyncio.create_task(work())
    assert current_token() is None
