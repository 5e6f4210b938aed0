"""Capture what independent clients send for the actions of Robson's connector.

Needs an environment of its own with the clients named in README.md; nothing leaves this machine:
both are pointed at a server on loopback that notes what arrives.

    python tests/golden/binance_requests/capture.py
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Final

KEY: Final = "canaryKEY" + "k" * 40
SECRET: Final = "canarySECRET" + "s" * 40
STAMP_MS: Final = 1_789_999_999_800
ID: Final = "robson_core_abcdefghijklmnopqr"
KEPT: Final = ("x-mbx-apikey", "content-type", "x-mbx-time-unit")
FOLDER: Final = Path(__file__).parent

seen: list[dict[str, Any]] = []


class Notes(BaseHTTPRequestHandler):
    """Notes a request and answers with nothing of use."""

    def note(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen.append(
            {
                "method": self.command,
                "target": self.path,
                "headers": {name: headers[name] for name in KEPT if name in headers},
                "body": body.decode(),
            }
        )
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.note
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def captured(call: Callable[[], object]) -> dict[str, Any]:
    """Return the request of ``call``; that nobody understands the answer does not matter."""
    seen.clear()
    try:
        call()
    except Exception as error:
        if not seen:
            raise
        print("  after the request:", type(error).__name__, str(error)[:80])
    (found,) = seen
    return found


def sdk_calls(url: str) -> dict[str, Callable[[], object]]:
    """Return the actions as the official client makes them."""
    common: Any = importlib.import_module("binance_common.utils")
    common.get_timestamp = lambda: STAMP_MS
    configuration = importlib.import_module("binance_common.configuration")
    margin = importlib.import_module("binance_sdk_margin_trading.margin_trading")
    rest = margin.MarginTrading(
        config_rest_api=configuration.ConfigurationRestAPI(
            api_key=KEY, api_secret=SECRET, base_path=url, retries=0
        )
    ).rest_api
    isolated = {"symbol": "BTCUSDT", "is_isolated": "TRUE"}
    order = {**isolated, "new_client_order_id": ID, "new_order_resp_type": "FULL"}
    writes, reads = {"recv_window": 3000}, {"recv_window": 5000}
    place = rest.margin_account_new_order
    return {
        "entry": lambda: place(
            **order, **writes, side="BUY", type="MARKET", quantity=0.05,
            side_effect_type="MARGIN_BUY",
        ),
        "exit": lambda: place(
            **order, **writes, side="SELL", type="MARKET", quantity=0.01,
            side_effect_type="AUTO_REPAY",
        ),
        "stop": lambda: place(
            **order, **writes, side="SELL", type="STOP_LOSS_LIMIT", quantity=0.01,
            time_in_force="GTC", price=56260, stop_price=58000,
            side_effect_type="AUTO_REPAY",
        ),
        "query": lambda: rest.query_margin_accounts_order(
            **isolated, **reads, orig_client_order_id=ID
        ),
        "cancel": lambda: rest.margin_account_cancel_order(
            **isolated, **writes, orig_client_order_id=ID
        ),
        "open_orders": lambda: rest.query_margin_accounts_open_orders(**isolated, **reads),
        "trades": lambda: rest.query_margin_accounts_trade_list(
            **isolated, **reads, from_id=8, limit=1000
        ),
        "account": lambda: rest.query_isolated_margin_account_info(
            symbols="BTCUSDT,ETHUSDT", **reads
        ),
        "repay": lambda: rest.margin_account_borrow_repay(
            **isolated, **writes, asset="USDT", amount="12.5", type="REPAY"
        ),
    }  # fmt: skip


def market() -> dict[str, Any]:
    """Return BTC/USDT as the other client keeps a pair."""
    limits = {name: {"min": None, "max": None} for name in ("amount", "price", "cost", "leverage")}
    return {
        "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "settle": None,
        "baseId": "BTC", "quoteId": "USDT", "settleId": None, "type": "spot", "spot": True,
        "margin": True, "swap": False, "future": False, "option": False, "active": True,
        "contract": False, "linear": None, "inverse": None, "contractSize": None,
        "precision": {"amount": 0.00001, "price": 0.01}, "limits": limits,
        "info": {
            "symbol": "BTCUSDT",
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT"],
        },
    }  # fmt: skip


def ccxt_calls(url: str) -> dict[str, Callable[[], object]]:
    """Return the actions as the other client makes them, by its unified interface."""
    ccxt = importlib.import_module("ccxt")
    venue = ccxt.binance({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    venue.set_markets([market()])
    venue.urls["api"]["sapi"] = f"{url}/sapi/v1"
    venue.nonce = lambda: STAMP_MS
    pair, isolated = "BTC/USDT", {"marginMode": "isolated"}
    order = {**isolated, "newClientOrderId": ID, "newOrderRespType": "FULL"}
    borrow = {**order, "sideEffectType": "MARGIN_BUY"}
    repay = {**order, "sideEffectType": "AUTO_REPAY"}
    return {
        "entry": lambda: venue.create_order(pair, "market", "buy", 0.05, None, borrow),
        "exit": lambda: venue.create_order(pair, "market", "sell", 0.01, None, repay),
        "stop": lambda: venue.create_order(
            pair, "STOP_LOSS_LIMIT", "sell", 0.01, 56260, {**repay, "stopPrice": 58000}
        ),
        "query": lambda: venue.fetch_order(None, pair, {**isolated, "origClientOrderId": ID}),
        "cancel": lambda: venue.cancel_order(None, pair, {**isolated, "origClientOrderId": ID}),
        "open_orders": lambda: venue.fetch_open_orders(pair, None, None, isolated),
        "trades": lambda: venue.fetch_my_trades(pair, None, 1000, {**isolated, "fromId": 8}),
        "account": lambda: venue.fetch_balance({"type": "margin", **isolated}),
        "repay": lambda: venue.repay_isolated_margin(pair, "USDT", 12.5),
        "listen_token": lambda: venue.sapi_post_userlistentoken(
            {"symbol": "BTCUSDT", "isIsolated": True}
        ),
    }


def main() -> None:
    """Write one file per client."""
    server = HTTPServer(("127.0.0.1", 0), Notes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for name, calls in (("binance-sdk-margin-trading", sdk_calls), ("ccxt", ccxt_calls)):
        actions = calls(url)
        found = {action: captured(call) for action, call in actions.items()}
        golden = {"client": f"{name} {importlib.metadata.version(name)}", "requests": found}
        text = json.dumps(golden, indent=1, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(f"{text}\n")
    server.shutdown()


if __name__ == "__main__":
    main()
