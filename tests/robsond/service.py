"""The whole daemon inside the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from robsond.daemon import Service
from robsond.settings import load
from robsond.system import RealClock


@asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a daemon on ``folder`` until the block ends; the client holds its token."""
    loaded = load({"ROBSON_DATA_DIR": str(folder), "ROBSON_HTTP_PORT": "0", **settings})
    service, stop = Service(loaded.settings, RealClock()), asyncio.Event()
    running = asyncio.ensure_future(service.run(stop))
    try:
        async with asyncio.timeout(20):
            client = await _client(service, running, folder)
        try:
            yield client
        finally:
            await client.aclose()
    finally:
        stop.set()
        await running


async def _client(
    service: Service, running: asyncio.Future[None], folder: Path
) -> httpx.AsyncClient:
    while not service.port and not running.done():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    if running.done():
        running.result()
    token = (folder / "token").read_text().strip()
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{service.port}",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=20,
    )
    try:
        while not running.done() and not await _is_ready(client):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if running.done():
            running.result()
    except BaseException:
        await client.aclose()
        raise
    return client


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.NetworkError:  # it is going already; its own error says more
        return False


async def until(client: httpx.AsyncClient, path: str, reached: Any) -> dict[str, Any]:
    """Return the answer to ``path`` once ``reached`` says so."""
    async with asyncio.timeout(30):
        while True:
            answer: dict[str, Any] = (await client.get(path)).json()
            if reached(answer):
                return answer
            await asyncio.sleep(0.05)
