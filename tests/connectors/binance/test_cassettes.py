"""The main flow replayed without any server, and cassettes in which nothing secret stands."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from robson_connectors.binance import ApiKeys
from robson_domain.errors import VenueError
from robson_domain.reports import ReportStatus
from tests.binance_exchange import API_KEY, API_SECRET, Exchange, running_exchange
from tests.connectors.binance.cassettes import (
    FOLDER,
    HOST,
    KEY,
    MAIN_FLOW,
    SECRET,
    cassette,
    connector_to,
    main_flow,
    options,
    recorded,
    replayed,
)
from tests.connectors.binance.rest.kit import BTC, ORDER_ID, JumpingClock

CASSETTES: Final = sorted(FOLDER.glob("*.yaml"))
SECRETS: Final = (KEY, SECRET, "canary", API_KEY, API_SECRET, "Simulated")
SECRET_SHAPES: Final = {
    "a signature": re.compile(rb"[0-9a-f]{64}"),
    "a signature that stayed": re.compile(rb"signature=(?!removed\b)"),
    "a key that stayed": re.compile(rb"(?i)x-mbx-apikey:\s+- (?!removed\b)"),
    "a token that stayed": re.compile(rb"(?i)\"(listen)?(token|key)\\?\":\s*\\?\"(?!removed)"),
    "what nobody can search": re.compile(rb"!!binary"),
    "an address of this machine": re.compile(rb"127\.0\.0\.1|localhost"),
}


def leaks(written: bytes, *secrets: str) -> list[str]:
    """Return what stands in a cassette and should not."""
    found = [secret[:12] for secret in (*SECRETS, *secrets) if secret.encode() in written]
    return found + [what for what, shape in SECRET_SHAPES.items() if shape.search(written)]


def tokens_of(exchange: Exchange) -> list[str]:
    return list(exchange.user_streams._tokens)


# ---------------------------------------------------------------------------------- replay


async def test_the_main_flow_without_a_server() -> None:
    flow = await replayed(MAIN_FLOW)
    assert flow.instrument.symbol == BTC
    assert not any((flow.before.net_qty, flow.before.debt_quote))
    assert flow.entry.status is flow.question.status is ReportStatus.FILLED
    assert flow.question.filled_qty is not None
    assert flow.question.filled_qty.value == Decimal("0.3")
    assert [name for name, _ in flow.fills] == ["robson_core_entry"]
    assert tuple(fill for _, fill in flow.fills) == flow.question.fills
    assert flow.exit.status is ReportStatus.FILLED
    assert 0 <= flow.after.net_qty < flow.instrument.step_size
    assert not any((flow.after.debt_base, flow.after.debt_quote))
    assert flow.unknown.status is ReportStatus.NOT_FOUND
    assert flow.token.expires_at > flow.question.ts_event


async def test_every_line_of_the_cassette_is_asked_for() -> None:
    connector = connector_to(
        "https://api.binance.com", JumpingClock(), ApiKeys("anyKey", "anySecret")
    )
    try:
        with cassette(MAIN_FLOW, "none") as tape:
            await main_flow(connector)
    finally:
        await connector.close()
    assert tape.all_played


async def test_what_was_not_recorded_is_not_answered() -> None:
    connector = connector_to(
        "https://api.binance.com", JumpingClock(), ApiKeys("anyKey", "anySecret")
    )
    try:
        with cassette(MAIN_FLOW, "none"), pytest.raises(VenueError):
            await connector.cancel(BTC, ORDER_ID)
    finally:
        await connector.close()


# --------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.name)
def test_no_secret_in_a_cassette(path: Path) -> None:
    written = path.read_bytes()
    assert leaks(written) == []
    assert HOST.encode() in written


def test_every_cassette_is_looked_at() -> None:
    assert MAIN_FLOW in CASSETTES
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml", ".md"}


async def test_a_recording_is_without_secrets_and_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "scrubbed.yaml"
    async with running_exchange(options()) as exchange:
        live = await recorded(path, exchange)
        tokens = tokens_of(exchange)
    assert tokens == [live.token.token]
    assert leaks(path.read_bytes(), *tokens) == []
    again = await replayed(path)
    assert (again.entry.fills, again.exit.fills) == (live.entry.fills, live.exit.fills)
    assert again.after.net_qty == live.after.net_qty


async def test_the_search_finds_what_is_not_removed(tmp_path: Path) -> None:
    """The same recording with nothing removed: every kind of secret is in it and is seen."""
    path = tmp_path / "raw.yaml"
    async with running_exchange(options()) as exchange:
        await recorded(path, exchange, filters=False)
        (token,) = tokens_of(exchange)
    found = leaks(path.read_bytes(), token)
    shapes = set(SECRET_SHAPES) - {"what nobody can search"}
    assert {KEY[:12], token[:12], *shapes} <= set(found)
    # The secret itself never travels; that it would be seen is shown on a text that has it.
    assert leaks(SECRET.encode()) == [SECRET[:12], "canary"]
