"""Signatures over exact bytes, the time window, keys and parameters."""

from __future__ import annotations

import pytest

from tests.binance_exchange import Exchange, Options, running_exchange
from tests.binance_exchange.security import ApiKey, check_signature, sign
from tests.binance_exchange.wire import ApiError, Request
from tests.binance_exchange_tests.raw_client import (
    BTC,
    ORDER,
    RawClient,
    client_of,
    now_ms,
    signature,
)

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
REST = "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
WIDE = "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"
STAMP = "&timestamp=1499827319559"
VECTORS = (
    (
        f"symbol=LTCBTC{REST}{STAMP}",
        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    ),
    (
        f"symbol={WIDE}{REST}{STAMP}",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
)
ACCOUNT = "/sapi/v1/margin/isolated/account"


def _request(query: str, body: str = "") -> Request:
    return Request(method="POST", path=ORDER, query=query.encode(), body=body.encode(), headers={})


@pytest.mark.parametrize(("payload", "expected"), VECTORS)
def test_documented_signatures(payload: str, expected: str) -> None:
    key = ApiKey(key=KEY, secret=SECRET)
    assert sign(SECRET, payload.encode()) == expected
    check_signature(_request(f"{payload}&signature={expected}"), key)
    check_signature(_request("", f"{payload}&signature={expected.upper()}"), key)
    head, tail = payload.split("&recvWindow", 1)
    check_signature(_request(head, f"&recvWindow{tail}&signature={expected}"), key)


@pytest.mark.parametrize(
    "change",
    [
        lambda p, s: f"{p.replace('BUY', 'SELL')}&signature={s}",
        lambda p, s: f"{p}&signature={s[:-1]}0",
        lambda p, s: f"signature={s}&{p}",
        lambda p, s: f"{p}&signature={s}&a=1",
    ],
)
def test_anything_but_the_signed_bytes_is_refused(change: object) -> None:
    assert callable(change)
    payload, good = VECTORS[0]
    with pytest.raises(ApiError, match="-1022"):
        check_signature(_request(change(payload, good)), ApiKey(key=KEY, secret=SECRET))


async def test_documented_key_signs_over_http() -> None:
    options = Options(api_key=KEY, api_secret=SECRET)
    async with running_exchange(options) as exchange, client_of(exchange) as client:
        client.http.headers["X-MBX-APIKEY"] = KEY
        query = f"timestamp={now_ms()}"
        good = await client.raw("GET", ACCOUNT, f"{query}&signature={signature(query, SECRET)}")
        bad = await client.raw("GET", ACCOUNT, f"{query}&signature={signature(query)}")
    assert (good.status_code, bad.status_code, bad.json()["code"]) == (200, 400, -1022)


async def test_signing_before_encoding_is_refused(client: RawClient) -> None:
    both = "symbols=BTCUSDT%2CETHUSDT"
    plain = f"symbols=BTCUSDT,ETHUSDT&timestamp={now_ms()}"
    encoded = f"{both}&timestamp={now_ms()}"
    raw_raw = await client.raw("GET", ACCOUNT, f"{plain}&signature={signature(plain)}")
    sent_encoded = plain.replace(",", "%2C")
    raw_sent = await client.raw("GET", ACCOUNT, f"{sent_encoded}&signature={signature(plain)}")
    good = await client.raw("GET", ACCOUNT, f"{encoded}&signature={signature(encoded)}")
    assert [raw_raw.json()["code"], raw_sent.json()["code"]] == [-1022, -1022]
    assert [a["symbol"] for a in good.json()["assets"]] == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.parametrize(
    ("offset", "window", "code"),
    [
        (1100, None, -1021),
        (-5200, None, -1021),
        (-1500, "1000", -1021),
        (0, "60001", -1131),
        (-20_000, "60000", None),
        (500, None, None),
        (-700, "1000.5", None),
    ],
)
async def test_time_window(
    client: RawClient, offset: int, window: str | None, code: int | None
) -> None:
    fields = {"timestamp": now_ms() + offset, "recvWindow": window}
    answer = await client.signed("GET", ACCOUNT, **fields)
    assert (answer.json().get("code"), answer.status_code == 200) == (code, code is None)


async def test_skewed_exchange_refuses_the_machines_time(
    exchange: Exchange, client: RawClient
) -> None:
    exchange.skew(30_000)
    assert await client.refused("GET", ACCOUNT) == -1021
    served = (await client.get("/api/v3/time"))["serverTime"]
    assert 29_000 < served - now_ms() < 31_000
    await client.ok("GET", ACCOUNT, timestamp=served)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=BTCUSDT&symbol=BTCUSDT&isIsolated=TRUE", -1101),
        ("symbol=BTCUSDT&isIsolated=TRUE&limit=5", -1104),
        ("symbol=BTCUSDT&isIsolated=", -1105),
        ("symbol=BTCUSDT&isIsolated=perhaps", -1130),
        ("symbol=%EF%BC%91&isIsolated=TRUE", -1100),
        ("symbol=NOPEUSDT&isIsolated=TRUE", -1121),
        ("isIsolated=TRUE", -1102),
    ],
)
async def test_malformed_parameters(client: RawClient, query: str, code: int) -> None:
    payload = f"{query}&orderId=1&timestamp={now_ms()}"
    answer = await client.raw("GET", ORDER, f"{payload}&signature={signature(payload)}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_query_wins_over_body(exchange: Exchange, client: RawClient) -> None:
    exchange.manual_order("BTCUSDT", "BUY", "0.01", type="LIMIT", price="90000")
    query, body = f"symbol=BTCUSDT&timestamp={now_ms()}", "symbol=ETHUSDT&isIsolated=TRUE"
    signed = signature(query + body)
    answer = await client.http.request(
        "DELETE",
        f"/sapi/v1/margin/openOrders?{query}",
        content=f"{body}&signature={signed}",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert [order["symbol"] for order in answer.json()] == ["BTCUSDT"]


async def test_keys(exchange: Exchange, client: RawClient) -> None:
    client.http.headers["X-MBX-APIKEY"] = "A" * 64
    assert await client.refused("GET", ACCOUNT) == -2015
    del client.http.headers["X-MBX-APIKEY"]
    answer = await client.signed("GET", ACCOUNT)
    assert (answer.status_code, answer.json()["code"]) == (401, -2014)


async def test_rights(exchange: Exchange, client: RawClient) -> None:
    exchange.key_rights(enableSpotAndMarginTrading=False, enableMargin=False, ipRestrict=False)
    order = {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert await client.refused("POST", ORDER, **order) == -2015
    loan = {**BTC, "asset": "USDT", "amount": "1", "type": "BORROW"}
    assert await client.refused("POST", "/sapi/v1/margin/borrow-repay", **loan) == -2015
    rights = await client.ok("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["ipRestrict"], rights["enableMargin"]) == (False, False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v3/userDataStream", 410),
        ("/sapi/v1/userDataStream", 410),
        ("/sapi/v1/userDataStream/isolated", 410),
        ("/sapi/v1/margin/loan", 404),
    ],
)
async def test_retired_paths_answer_with_pages(client: RawClient, path: str, status: int) -> None:
    answer = await client.signed("POST", path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")
