"""What is open belongs to one account; without it nothing is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from robson_domain import ConfigurationError, InvariantError
from tests.robsond.service import serving, until

BODY = {"symbol": "BTCUSDT", "strategy": "manual", "stop_distance": "5%"}


async def _active(folder: Path) -> str:
    async with serving(folder) as client:
        answer = await client.post("/api/positions", json=BODY)
        name: str = answer.json()["position"]["position_id"]

        def is_active(found: Any) -> bool:
            return bool(found["position"]["status"] == "Active")

        await until(client, f"/api/positions/{name}", is_active)
        return name


def _taken(folder: Path) -> dict[str, bytes]:
    """Remove the account's files and return them."""
    kept = {file.name: file.read_bytes() for file in folder.glob("paper-ledger.db*")}
    for name in kept:
        (folder / name).unlink()
    return kept


async def test_a_lost_paper_account_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    name = await _active(tmp_path)
    kept = _taken(tmp_path)
    with pytest.raises(ConfigurationError, match=f"paper-ledger.db is gone.*{name}"):
        async with serving(tmp_path):
            pass
    assert not (tmp_path / "paper-ledger.db").exists()
    for file, content in kept.items():
        (tmp_path / file).write_bytes(content)
    async with serving(tmp_path) as client:
        found = (await client.get(f"/api/positions/{name}")).json()
        assert found["position"]["status"] == "Active"


async def test_positions_of_another_venue_are_not_taken_up(tmp_path: Path) -> None:
    name = await _active(tmp_path)
    with pytest.raises(InvariantError, match=f"{name}: opened at another venue than memory"):
        async with serving(tmp_path, ROBSON_CONNECTOR="memory"):
            pass
