"""Opening an account, and the entry point ``paper``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from robson_connectors.paper import PaperConnector, RecordedMarket, connector
from robson_connectors.paper.account import open_simulated_market
from robson_domain import codec
from robson_domain.errors import ConfigurationError, ValidationError
from robson_domain.testing.clocks import SteppedClock
from robson_domain.values import Notional
from tests.connectors.harnesses import BTC, ORIGIN, RULES, SECOND, a_recording


def facts(paper: PaperConnector) -> Mapping[str, Any]:
    found = codec.loads(paper._market.identity)
    assert isinstance(found, dict)
    return found


async def opened(at: int = ORIGIN, **config: Any) -> PaperConnector:
    return connector({"clock": SteppedClock(at), **config})


async def test_a_new_market_begins_now(tmp_path: Path) -> None:
    paper = await opened(ledger_path=str(tmp_path / "ledger.db"))
    assert (facts(paper)["origin_ns"], facts(paper)["seed"]) == (ORIGIN, 1)
    await paper.close()


async def test_a_restart_goes_on_with_the_market_it_had(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    await (await opened(ledger_path=path, seed=5)).close()
    paper = await opened(ORIGIN + 77 * SECOND, ledger_path=path)
    assert (facts(paper)["origin_ns"], facts(paper)["seed"]) == (ORIGIN, 5)
    await paper.close()
    await (await opened(ORIGIN + 99 * SECOND, ledger_path=path, seed=5)).close()


@pytest.mark.parametrize(
    ("other", "difference"), [({"seed": 6}, "seed: 5"), ({"volatility": 50}, "volatility: 100")]
)
async def test_a_restart_with_another_market_is_refused(
    tmp_path: Path, other: dict[str, int], difference: str
) -> None:
    path = str(tmp_path / "ledger.db")
    await (await opened(ledger_path=path, seed=5)).close()
    with pytest.raises(ConfigurationError, match=difference):
        await opened(ledger_path=path, **other)


async def test_a_recording_has_its_own_account(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    clock = SteppedClock(ORIGIN)
    market = RecordedMarket(a_recording(), RULES, clock)
    await connector({"clock": clock, "market": market, "ledger_path": path}).close()
    with pytest.raises(ConfigurationError, match="recorded"):
        await opened(ledger_path=path)
    again = RecordedMarket(a_recording(), RULES, clock)
    await connector({"clock": clock, "market": again, "ledger_path": path}).close()


async def test_settings_arrive() -> None:
    paper = await opened(
        quote_balance="250", taker_fee_rate="0.0004", latency_ns=0, fill_fraction="0.5"
    )
    found = await paper.account(BTC)
    assert (found.collateral, str(found.taker_fee_rate)) == (Notional(250), "0.0004")
    await paper.close()


async def test_defaults() -> None:
    paper = await opened()
    found = await paper.account(BTC)
    assert (found.collateral, str(found.taker_fee_rate)) == (Notional(10_000), "0.001")
    await paper.close()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"sede": 3}, "unknown setting sede; known: clock, "),
        ({"seed": "3"}, "seed: must be int, is str"),
        ({"seed": True}, "seed: must be int, is bool"),
        ({"latency_ns": 0.5}, "latency_ns: must be int, is float"),
        ({"quote_balance": 10_000}, "quote_balance: must be str, is int"),
        ({"clock": None}, "clock: must be the daemon's Clock"),
    ],
)
async def test_wrong_settings_are_named(wrong: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        connector({"clock": SteppedClock(ORIGIN), **wrong})


async def test_numbers_out_of_range_are_named() -> None:
    with pytest.raises(ValidationError, match="taker_fee_rate"):
        await opened(taker_fee_rate="2")


def test_without_a_file_every_start_is_new() -> None:
    market = open_simulated_market(None, SteppedClock(ORIGIN + 3), seed=2)
    assert f'"origin_ns":{ORIGIN + 3}' in market.identity
    assert '"seed":2' in market.identity
