"""Recordings of the connector's conversations, without what is secret in them.

    python -m tests.connectors.binance.cassettes

records the main flow anew against the simulated exchange. A cassette repeats what was said once:
it shows that the connector still understands it and still asks the same, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs
import vcr

from robson_connectors.binance import ApiKeys, BinanceConnector, BinanceParts, Hosts
from robson_connectors.binance.questions import ListenToken
from robson_domain.account import AccountSnapshot
from robson_domain.identity import ClientOrderId
from robson_domain.instrument import Instrument
from robson_domain.orders import Fill
from robson_domain.ports.system import Clock
from robson_domain.reports import OrderReport
from robson_domain.symbols import OrderSide
from tests.binance_exchange import Exchange, Options, running_exchange
from tests.connectors.binance.harness import WallClock
from tests.connectors.binance.rest.kit import BTC, JumpingClock, new_order

FOLDER: Final = Path(__file__).parents[2] / "cassettes"
MAIN_FLOW: Final = FOLDER / "binance_main_flow.yaml"
REMOVED: Final = "removed"
KEY: Final = "canaryKEY" + "K" * 40
SECRET: Final = "canarySECRET" + "S" * 40
HOST: Final = "exchange.invalid"
"""Stands in every cassette for wherever the exchange was."""

SECRET_HEADERS: Final = ("x-mbx-apikey",)
SECRET_PARAMS: Final = ("signature", "listenKey", "listenToken", "apiKey")
SECRET_FIELDS: Final = ("token", "listenKey", "listenToken", "apiKey", "uid", "email")
VARYING_PARAMS: Final = ("timestamp",)
KEPT_HEADERS: Final = ("content-type", "retry-after")
"""Of an answer; the real venue adds cookies and ids of the connection."""


def request_without_secrets(request: Any) -> Any:
    """Return a request as it may be written, and as a later one is compared with it."""
    parts = urlsplit(request.uri)
    uri = urlunsplit(("https", HOST, parts.path, _clean(parts.query), ""))
    request.uri = uri
    request.headers = {
        name: REMOVED if name.lower() in SECRET_HEADERS else value
        for name, value in request.headers.items()
        if name.lower() != "host"
    }
    if request.body:
        request.body = _clean(request.body.decode()).encode()
    return request


def _clean(encoded: str) -> str:
    hidden = (*SECRET_PARAMS, *VARYING_PARAMS)
    pairs = parse_qsl(encoded, keep_blank_values=True)
    return urlencode([(k, REMOVED if k in hidden else v) for k, v in pairs])


def response_without_secrets(response: Any) -> Any:
    """Return an answer as it may be written."""
    headers = {k: v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS}
    body = response["body"]["string"]
    try:
        body = json.dumps(_hidden(json.loads(body))).encode()
    except ValueError:
        body = b"no JSON: " + REMOVED.encode()
    return {**response, "headers": headers, "body": {"string": body}}


def _hidden(content: Any) -> Any:
    if isinstance(content, list):
        return [_hidden(each) for each in content]
    if isinstance(content, dict):
        return {k: REMOVED if k in SECRET_FIELDS else _hidden(v) for k, v in content.items()}
    return content


def cassette(path: Path, mode: str, *, filters: bool = True) -> AbstractContextManager[Any]:
    """Return the context in which conversations are recorded (``all``) or replayed (``none``)."""
    recorder = vcr.VCR(
        record_mode=vcr.mode(mode),
        match_on=("method", "path", "query", "body"),
        decode_compressed_response=True,
        before_record_request=request_without_secrets if filters else None,
        before_record_response=response_without_secrets if filters else None,
    )
    context: AbstractContextManager[Any] = recorder.use_cassette(str(path))
    return context


@attrs.frozen(kw_only=True)
class MainFlow:
    """What the connector understood of the conversation."""

    instrument: Instrument
    before: AccountSnapshot
    entry: OrderReport
    question: OrderReport
    fills: tuple[tuple[ClientOrderId, Fill], ...]
    exit: OrderReport
    after: AccountSnapshot
    unknown: OrderReport
    token: ListenToken


async def main_flow(connector: BinanceConnector) -> MainFlow:
    """Go through rules, account, entry, question, fills, exit and the user stream's token."""
    instrument = await connector.instrument(BTC)
    before = await connector.account(BTC)
    entry = await connector.submit(named("entry", OrderSide.BUY, "0.3"))
    held = instrument.round_qty_down((await connector.account(BTC)).net_qty)
    question = await connector.query_order(BTC, entry.client_order_id)
    fills = await connector.fills_since(BTC, None)
    closing = attrs.evolve(named("exit", OrderSide.SELL, str(held)), reduces=True)
    return MainFlow(
        instrument=instrument,
        before=before,
        entry=entry,
        question=question,
        fills=fills,
        exit=await connector.submit(closing),
        after=await connector.account(BTC),
        unknown=await connector.query_order(BTC, ClientOrderId("robson_core_unknown")),
        token=await connector._orders.listen_token(BTC),
    )


def named(name: str, side: OrderSide, quantity: str) -> Any:
    return new_order(side, quantity, client_order_id=f"robson_core_{name}")


def connector_to(rest: str, clock: Clock, keys: ApiKeys) -> BinanceConnector:
    """Return a connector whose streams lead nowhere."""
    hosts = Hosts(rest=rest, streams="ws://127.0.0.1:1", ws_api="ws://127.0.0.1:1/ws-api/v3")
    return BinanceConnector(
        BinanceParts(
            hosts=hosts, clock=clock, jitter=lambda: 0.5, notify=lambda *_: None, keys=keys
        )
    )


async def recorded(path: Path, exchange: Exchange, *, filters: bool = True) -> MainFlow:
    """Record the main flow against ``exchange``, whose key is the canary."""
    connector = connector_to(exchange.base_url, WallClock(), ApiKeys(KEY, SECRET))
    try:
        with cassette(path, "all", filters=filters):
            return await main_flow(connector)
    finally:
        await connector.close()


async def replayed(path: Path, keys: Iterable[str] = ("anyKey", "anySecret")) -> MainFlow:
    """Replay the main flow; the address is the real one, and nothing goes there."""
    connector = connector_to("https://api.binance.com", JumpingClock(), ApiKeys(*keys))
    try:
        with cassette(path, "none"):
            return await main_flow(connector)
    finally:
        await connector.close()


def options() -> Options:
    """Return an exchange that knows the canary."""
    return Options(api_key=KEY, api_secret=SECRET)


async def _record() -> None:
    MAIN_FLOW.unlink(missing_ok=True)
    async with running_exchange(options()) as exchange:
        await recorded(MAIN_FLOW, exchange)


if __name__ == "__main__":
    asyncio.run(_record())
