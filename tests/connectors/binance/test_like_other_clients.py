"""Requests compared with those of independent clients, byte by byte.

Two requests are equal here when method, path, the headers that count (``COUNTED``) and the set of
encoded ``name=value`` texts are, wherever those stand (query or form) and in whatever order. The
values of ``timestamp`` and ``signature`` are left out of that: a signature depends on the order,
so each is recomputed over the bytes it came with instead. Any other difference stands in
``DIFFERENT``, with its reason.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import attrs
import pytest

from robson_connectors.binance import ApiKeys, BinanceConnector
from robson_connectors.binance.pools import Lane
from robson_connectors.binance.signing import encoded, signed
from robson_domain.identity import TradeId
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price
from tests.connectors.binance.cassettes import connector_to
from tests.connectors.binance.rest.kit import (
    ACCOUNT,
    BTC,
    IN_DEBT,
    KEY,
    ORDER,
    ORDER_ID,
    SECRET,
    JumpingClock,
    Server,
    account_of,
    new_order,
    order_answer,
    said,
    usual,
)

GOLDEN: Final = Path(__file__).parents[2] / "golden" / "binance_requests"
OFFICIAL, CCXT = "binance-sdk-margin-trading", "ccxt"
COUNTED: Final[tuple[str, ...]] = ("x-mbx-apikey", "content-type", "x-mbx-time-unit")
VARYING: Final = ("timestamp", "signature")
REPAY, TOKEN = "/sapi/v1/margin/borrow-repay", "/sapi/v1/userListenToken"


@attrs.frozen
class Request:
    """What arrived.

    Attributes:
        signed: Query and form, encoded, as they were signed: the signature last.
    """

    method: str
    path: str
    headers: dict[str, str]
    signed: str

    @classmethod
    def of(cls, method: str, target: str, headers: dict[str, str], body: str) -> Request:
        path, _, query = target.partition("?")
        counted = {name: headers[name] for name in COUNTED if name in headers}
        assert not (query and body), "signed in two parts; the comparison does not know that"
        return cls(method, path, counted, query or body)

    @property
    def fields(self) -> dict[str, str]:
        """The encoded texts by name; each name is there once."""
        pairs = [part.split("=", 1) for part in self.signed.split("&")]
        found = dict(pairs)
        assert len(found) == len(pairs)
        return found

    @property
    def params(self) -> list[tuple[str, str]]:
        """The decoded parameters in the order sent, without the signature."""
        return [(k, unquote(v)) for k, v in self.fields.items() if k != "signature"]


@attrs.frozen
class Difference:
    """A parameter or header of another client that ours has otherwise; None = not sent."""

    theirs: str | None
    ours: str | None
    reason: str


FORM: Final = "application/x-www-form-urlencoded"
UPPER = Difference("true", "TRUE", "documented in capitals; the venue takes both")
WINDOW_READ = Difference("10000", "5000", "its default window; ours is shorter")
WINDOW_WRITE = Difference("10000", "3000", "its default window; an order must not arrive late")
IN_QUERY = Difference(FORM, None, "it signs a form, we the query; the venue takes either")
PAIRS = Difference(None, "BTCUSDT%2CETHUSDT", "it asks for all pairs, we for those that count")
DIFFERENT: Final[dict[tuple[str, str], dict[str, Difference]]] = {
    **{
        (CCXT, write): {"isIsolated": UPPER, "recvWindow": WINDOW_WRITE, "content-type": IN_QUERY}
        for write in ("entry", "exit", "stop")
    },
    (CCXT, "repay"): {"recvWindow": WINDOW_WRITE, "content-type": IN_QUERY},
    (CCXT, "cancel"): {"isIsolated": UPPER, "recvWindow": WINDOW_WRITE},
    **{
        (CCXT, read): {"isIsolated": UPPER, "recvWindow": WINDOW_READ}
        for read in ("query", "open_orders", "trades")
    },
    (CCXT, "account"): {"symbols": PAIRS, "recvWindow": WINDOW_READ},
}

Action = Callable[[BinanceConnector], Awaitable[object]]
ACTIONS: Final[dict[str, Action]] = {
    "entry": lambda connector: connector.submit(new_order(OrderSide.BUY, "0.05")),
    "exit": lambda connector: connector.submit(new_order(OrderSide.SELL, reduces=True)),
    "stop": lambda connector: connector.submit(
        new_order(OrderSide.SELL, reduces=True, stop_price=Price(58_000))
    ),
    "query": lambda connector: connector.query_order(BTC, ORDER_ID),
    "cancel": lambda connector: connector.cancel(BTC, ORDER_ID),
    "open_orders": lambda connector: connector.open_orders(BTC),
    "trades": lambda connector: connector.fills_since(BTC, TradeId("7")),
    "account": lambda connector: connector._account.several([BTC, Symbol("ETHUSDT")], Lane.READ),
    "repay": lambda connector: connector.lending.repay(BTC, "USDT", Decimal("12.50")),
    "listen_token": lambda connector: connector._orders.listen_token(BTC),
}


def golden(client: str) -> dict[str, Request]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{client}.json").read_text())
    return {action: Request.of(**request) for action, request in content["requests"].items()}


COMPARED: Final = [(client, action) for client in (OFFICIAL, CCXT) for action in golden(client)]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as made:
        usual(made)
        made.script("GET", ACCOUNT, said(account_of(quote=IN_DEBT)))
        canceled = order_answer(
            origClientOrderId=ORDER_ID, status="CANCELED", executedQty="0", fills=[]
        )
        made.script("DELETE", ORDER, said(canceled))
        made.script("POST", REPAY, said({"tranId": 1}))
        made.script("POST", TOKEN, said({"token": "t", "expirationTime": 1}))
        yield made


async def ours(server: Server, action: str, like: Request) -> Request:
    """Return our request for ``action``, the one to the endpoint that the other client calls."""
    connector = connector_to(server.url, JumpingClock(), ApiKeys(KEY, SECRET))
    try:
        await ACTIONS[action](connector)
    finally:
        await connector.close()
    (seen,) = server.asked(like.method, like.path)
    return Request.of(seen.method, seen.target, seen.headers, seen.body.decode())


def signature(request: Request) -> str:
    payload, _, _ = request.signed.rpartition("&signature=")
    return hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("client", "action"), COMPARED)
async def test_the_same_request(client: str, action: str, server: Server) -> None:
    theirs = golden(client)[action]
    mine = await ours(server, action, theirs)
    assert (mine.method, mine.path) == (theirs.method, theirs.path)
    left, right = ({**each.fields, **each.headers} for each in (theirs, mine))
    differences = {
        name: (left.get(name), right.get(name))
        for name in {**left, **right}
        if name not in VARYING and left.get(name) != right.get(name)
    }
    explained = DIFFERENT.get((client, action), {})
    assert differences == {name: (each.theirs, each.ours) for name, each in explained.items()}
    assert [name in left for name in VARYING] == [name in right for name in VARYING]


@pytest.mark.parametrize(("client", "action"), COMPARED)
async def test_both_signatures_are_right(client: str, action: str, server: Server) -> None:
    theirs = golden(client)[action]
    mine = await ours(server, action, theirs)
    for request in (theirs, mine):
        if action == "listen_token":
            assert "signature" not in request.fields
        else:
            assert request.signed.endswith(f"&signature={signature(request)}")
            assert int(request.fields["timestamp"]) == 1_789_999_999_800


@pytest.mark.parametrize(("client", "action"), COMPARED)
def test_our_encoder_writes_their_bytes(client: str, action: str) -> None:
    """Given their parameters in their order, what we sign and send is what they did."""
    theirs = golden(client)[action]
    if action == "listen_token":
        assert encoded(theirs.params) == theirs.signed
    else:
        assert signed(theirs.params, ApiKeys(KEY, SECRET)) == theirs.signed


def test_every_action_is_compared() -> None:
    assert {action for _, action in COMPARED} == set(ACTIONS)
    assert {action for client, action in COMPARED if client == OFFICIAL} == {*ACTIONS} - {
        "listen_token"
    }


def test_no_difference_is_kept_that_is_none() -> None:
    assert set(DIFFERENT) <= set(COMPARED)
