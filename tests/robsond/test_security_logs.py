"""Logs: one line an entry, nothing secret, nothing a terminal obeys."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from robsond import logs

CANARY = "canary-0123456789"
NASTY = "a\nb\r\x1b[31m\x00\u2028\u202e\u200b\x85é€"


@pytest.fixture
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(style: str, **entry: Any) -> str:
    stream = io.StringIO()
    logs.configure(level="INFO", style=style, stream=stream, now=lambda: 0)
    logs.logger("robsond.test").info("hello", **entry)
    return stream.getvalue()


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("place", ["event", "value", "key", "nested", "list", "argument"])
def test_nothing_breaks_out_of_its_line(style: str, place: str) -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", style=style, stream=stream)
    log = logs.logger("robsond.test")
    match place:
        case "event":
            log.info(NASTY)
        case "value":
            log.info("x", symbol=NASTY)
        case "key":
            log.info("x", **{NASTY: 1})
        case "nested":
            log.info("x", facts={"reason": NASTY})
        case "list":
            log.info("x", names=[NASTY])
        case "argument":
            logging.getLogger("other").warning("x %s", NASTY)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    for sign in "\r\x1b\x00\u2028\u202e\u200b\x85":
        assert sign not in text
    if style == "json":
        assert json.loads(text)


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize(
    "entry",
    [
        {"token": CANARY},
        {"API_KEY": CANARY},
        {"authorization": f"Bearer {CANARY}"},
        {"facts": {"password": CANARY}},
        {"header": f"Authorization: Bearer {CANARY}"},
        {"url": f"https://x/?timestamp=1&signature={CANARY}&y=2"},
        {"url": f"wss://x/ws?listenKey={CANARY}"},
    ],
)
def test_what_looks_secret_is_masked(style: str, entry: dict[str, Any]) -> None:
    text = written(style, **entry)
    assert CANARY not in text
    assert "*****" in text


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("style", ["json", "console"])
def test_known_secrets_are_masked_anywhere(style: str) -> None:
    logs.hide([CANARY])
    stream = io.StringIO()
    logs.configure(level="INFO", style=style, stream=stream)
    log = logs.logger("robsond.test")
    log.info(CANARY, note=[{"deep": f"x{CANARY}y"}])
    logging.getLogger("httpx").warning("GET https://x/%s", CANARY)
    try:
        secret_local = CANARY
        raise ValueError(f"bad {secret_local}")
    except ValueError:
        log.exception("failed")
    text = stream.getvalue()
    assert CANARY not in text
    assert "ValueError" in text


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("name", ["httpx", "httpcore", "uvicorn.error", "websockets", "litestar"])
def test_libraries_speak_up_from_warning_on(name: str) -> None:
    stream = io.StringIO()
    logs.configure(level="DEBUG", style="json", stream=stream)
    logging.getLogger(name).info("chatter")
    assert stream.getvalue() == ""
    logging.getLogger(name).warning("trouble")
    assert json.loads(stream.getvalue())["logger"] == name


@pytest.mark.usefixtures("_restored")
def test_own_level() -> None:
    stream = io.StringIO()
    logs.configure(level="WARNING", style="json", stream=stream)
    logs.logger("robsond.test").info("quiet")
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("_restored")
def test_a_traceback_cannot_pass_for_an_entry() -> None:
    stream = io.StringIO()
    logs.configure(level="INFO", style="console", stream=stream)
    try:
        raise ValueError("x\n2024-01-01 [info] all is well")
    except ValueError:
        logs.logger("robsond.test").exception("failed")
    lines = stream.getvalue().splitlines()
    assert not [line for line in lines[2:] if not line.startswith("  | ")]


@pytest.mark.usefixtures("_restored")
def test_entries_carry_time_and_level() -> None:
    entry = json.loads(written("json", amount="1.50", count=3, fine=True, nothing=None))
    assert entry["timestamp"] == "1970-01-01T00:00:00.000000000Z"
    assert (entry["level"], entry["event"]) == ("info", "hello")
    assert (entry["amount"], entry["count"], entry["fine"]) == ("1.50", 3, True)
    assert entry["nothing"] is None


def test_long_texts_are_cut() -> None:
    assert len(logs._plain("x" * 100_000)) <= 8_000
