"""Isolated accounts, debt, limits of both, and the key's own rights."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tests.binance_exchange import funding, ledger
from tests.binance_exchange.api import Call, Endpoint
from tests.binance_exchange.ledger import InterestCharge, Liquidation, Loan
from tests.binance_exchange.model import Account, Balance
from tests.binance_exchange.order_parse import decimal_of
from tests.binance_exchange.pairs import Pair
from tests.binance_exchange.user_streams import UserStreams
from tests.binance_exchange.venue import Venue
from tests.binance_exchange.wire import ZERO, ApiError, Json, Params, amount, invalid, missing

PATH: Final = "/sapi/v1/margin/"
PAGE: Final = ("startTime", "endTime", "current", "size")
SYMBOLS_MAX: Final = 5
VALIDITY_MAX_MS: Final = 86_400_000


def _asset(balance: Balance, account: Account, in_btc: str) -> Json:
    return {
        "asset": balance.asset,
        "borrowEnabled": account.borrow_enabled,
        "borrowed": amount(balance.borrowed),
        "free": amount(balance.free),
        "interest": amount(balance.interest),
        "locked": amount(balance.locked),
        "netAsset": amount(balance.net),
        "netAssetOfBtc": in_btc,
        "repayEnabled": True,
        "totalAsset": amount(balance.total),
    }


def _loan(record: Loan) -> Json:
    return {
        "isolatedSymbol": record.symbol or "",
        "amount": amount(record.principal + record.interest),
        "asset": record.asset,
        "interest": amount(record.interest),
        "principal": amount(record.principal),
        "status": "CONFIRMED",
        "timestamp": record.time,
        "txId": record.id,
        "type": record.how,
    }


def _charge(record: InterestCharge) -> Json:
    return {
        "txId": record.id,
        "interestAccuredTime": record.time,
        "asset": record.asset,
        "rawAsset": record.asset,
        "principal": amount(record.principal),
        "interest": amount(record.interest),
        "interestRate": amount(record.daily_rate),
        "type": record.kind,
        "isolatedSymbol": record.symbol or "",
    }


def _liquidation(record: Liquidation) -> Json:
    return {
        "avgPrice": amount(record.price),
        "executedQty": amount(record.quantity),
        "orderId": record.order_id,
        "price": amount(record.price),
        "qty": amount(record.quantity),
        "side": record.side,
        "symbol": record.symbol,
        "timeInForce": "GTC",
        "isIsolated": True,
        "updatedTime": record.time,
    }


class AccountRoutes:
    """Handlers over accounts and debt."""

    def __init__(self, venue: Venue, streams: UserStreams) -> None:
        self._venue = venue
        self._streams = streams
        self.asset_read_min_ms = 0
        self._last_read_ms = 0

    def endpoints(self) -> list[Endpoint]:
        """Return what these routes serve."""
        get = (
            ("isolated/account", self.accounts, 10, (), ("symbols",)),
            ("isolated/accountLimit", self.account_limit, 1, (), ()),
            ("isolated/allPairs", self.pairs, 10, (), ("symbol",)),
            ("isolatedMarginData", self.fee_data, _one_or_ten, (), ("vipLevel", "symbol")),
            ("isolatedMarginTier", self.tiers, 1, ("symbol",), ("tier",)),
            ("maxBorrowable", self.max_borrowable, 50, ("asset",), ("isolatedSymbol",)),
            (
                "borrow-repay",
                self.loans,
                10,
                ("type",),
                ("asset", "isolatedSymbol", "txId", *PAGE),
            ),
            ("forceLiquidationRec", self.liquidations, 1, (), ("isolatedSymbol", *PAGE)),
            ("interestHistory", self.interest, 1, (), ("asset", "isolatedSymbol", *PAGE)),
            ("priceIndex", self.price_index, 10, ("symbol",), ()),
        )
        keyed = {"isolated/allPairs", "priceIndex"}
        found = [
            Endpoint(
                method="GET",
                path=PATH + path,
                handler=handler,
                weight=weight,
                security="key" if path in keyed else "signed",
                required=required,
                optional=optional,
            )
            for path, handler, weight, required, optional in get
        ]
        return [*found, *self._others()]

    def _others(self) -> list[Endpoint]:
        return [
            Endpoint(
                method="POST",
                path=PATH + "borrow-repay",
                handler=self.borrow_repay,
                pool="uid",
                weight=1500,
                required=("asset", "isIsolated", "symbol", "amount", "type"),
            ),
            Endpoint(
                method="GET",
                path="/sapi/v1/account/apiRestrictions",
                handler=self.restrictions,
            ),
            Endpoint(
                method="POST",
                path="/sapi/v1/userListenToken",
                handler=self.listen_token,
                pool="uid",
                security="key",
                optional=("symbol", "isIsolated", "validity"),
            ),
        ]

    # ------------------------------------------------------------------ accounts

    def accounts(self, call: Call) -> Json:
        self._pace()
        named = call.params.get("symbols")
        symbols = named.split(",") if named else self._opened()
        if len(symbols) > SYMBOLS_MAX and named:
            raise invalid("symbols")
        for symbol in symbols:
            self._venue.pair(symbol)
        found = {"assets": [self._pair_account(s) for s in symbols if s in self._venue.accounts]}
        return found if named else found | self._totals(symbols)

    def _pace(self) -> None:
        now = self._venue.clock.real_ms()
        if now - self._last_read_ms < self.asset_read_min_ms:
            raise ApiError(-21003, "Fail to retrieve margin assets.")
        self._last_read_ms = now

    def _opened(self) -> list[str]:
        return [symbol for symbol in self._venue.accounts if symbol is not None]

    def _pair_account(self, symbol: str) -> Json:
        account, pair = self._venue.accounts[symbol], self._venue.pair(symbol)
        index = self._venue.market(symbol).index
        level = ledger.margin_level(account, pair, index)
        liquidation = ledger.liquidation_price(account, pair)
        base, quote = account.of(pair.base), account.of(pair.quote)
        return {
            "baseAsset": _asset(base, account, self._in_btc(base.net, pair.base)),
            "quoteAsset": _asset(quote, account, self._in_btc(quote.net, pair.quote)),
            "symbol": symbol,
            "isolatedCreated": True,
            "enabled": account.enabled,
            "marginLevel": amount(level),
            "marginLevelStatus": ledger.level_status(level, pair),
            "marginRatio": amount(pair.leverage),
            "indexPrice": amount(index),
            "liquidatePrice": amount(liquidation),
            "liquidateRate": amount(abs(index - liquidation) / index * 100),
            "tradeEnabled": account.trade_enabled,
        }

    def _in_btc(self, size: Decimal, asset: str) -> str:
        markets = self._venue.markets
        if asset == "BTC":
            return amount(size)
        price = markets["BTCUSDT"].index if "BTCUSDT" in markets else Decimal(1)
        if asset != "USDT" and f"{asset}USDT" in markets:
            size *= markets[f"{asset}USDT"].index
        return amount(size / price)

    def _totals(self, symbols: list[str]) -> Json:
        total = owed = ZERO
        for symbol in symbols:
            account, pair = self._venue.accounts[symbol], self._venue.pair(symbol)
            for asset in (pair.base, pair.quote):
                balance = account.of(asset)
                total += Decimal(self._in_btc(balance.total, asset))
                owed += Decimal(self._in_btc(balance.debt, asset))
        return {
            "totalAssetOfBtc": amount(total),
            "totalLiabilityOfBtc": amount(owed),
            "totalNetAssetOfBtc": amount(total - owed),
        }

    def account_limit(self, call: Call) -> Json:
        enabled = sum(account.enabled for s, account in self._venue.accounts.items() if s)
        return {"enabledAccount": enabled, "maxAccount": self._venue.rules.max_accounts}

    def pairs(self, call: Call) -> Json:
        wanted = call.params.get("symbol")
        return [
            {
                "base": pair.base,
                "isBuyAllowed": True,
                "isMarginTrade": True,
                "isSellAllowed": True,
                "quote": pair.quote,
                "symbol": pair.symbol,
            }
            for pair in self._venue.pairs.values()
            if pair.margin_allowed and wanted in (None, pair.symbol)
        ]

    def fee_data(self, call: Call) -> Json:
        wanted = call.params.get("symbol")
        return [
            {
                "vipLevel": 0,
                "symbol": pair.symbol,
                "leverage": str(pair.leverage),
                "data": [
                    {
                        "coin": coin,
                        "dailyInterest": str(pair.daily_interest(coin)),
                        "borrowLimit": str(pair.borrow_limit(coin)),
                    }
                    for coin in (pair.base, pair.quote)
                ],
            }
            for pair in self._venue.pairs.values()
            if pair.margin_allowed and wanted in (None, pair.symbol)
        ]

    def tiers(self, call: Call) -> Json:
        pair = self._venue.pair(call.params["symbol"])
        return [
            {
                "symbol": pair.symbol,
                "tier": 1,
                "effectiveMultiple": str(pair.leverage),
                "initialRiskRatio": str(pair.initial_ratio),
                "liquidationRiskRatio": str(pair.liquidation_ratio),
                "baseAssetMaxBorrowable": str(pair.base_borrow_limit),
                "quoteAssetMaxBorrowable": str(pair.quote_borrow_limit),
            }
        ]

    def price_index(self, call: Call) -> Json:
        market = self._venue.market(call.params["symbol"])
        now = self._venue.clock.now_ms()
        return {
            "calcTime": now // 1000 * 1000,
            "price": amount(market.index),
            "symbol": market.pair.symbol,
        }

    # ------------------------------------------------------------------ debt

    def max_borrowable(self, call: Call) -> Json:
        pair, account = self._isolated(call.params.get("isolatedSymbol"))
        asset = call.params["asset"]
        _check_asset(pair, asset)
        index = self._venue.market(pair.symbol).index
        return {
            "amount": amount(ledger.max_borrowable(account, pair, asset, index)),
            "borrowLimit": str(pair.borrow_limit(asset)),
        }

    def borrow_repay(self, call: Call) -> Json:
        call.require("enableMargin")
        venue, params = self._venue, call.params
        pair = venue.pair(params["symbol"])
        account = venue.account(pair.symbol, isolated=call.flag("isIsolated"))
        asset, size = params["asset"], decimal_of(params, "amount") or ZERO
        _check_asset(pair, asset)
        if venue.clock.real_ms() < venue.busy_until_ms:
            raise ApiError(-3007, "You have pending transaction, please try again later..")
        if params["type"] == "BORROW":
            number = funding.borrow(venue, account, pair, asset, size=size, how="MANUAL")
        elif params["type"] == "REPAY":
            now = venue.clock.now_ms()
            number = venue.ledger.repay(account, asset, size, now=now, how="MANUAL")
        else:
            raise invalid("type")
        venue.tell_balances(account, asset)
        return {"tranId": number}

    def loans(self, call: Call) -> Json:
        kind, symbol = call.params["type"], call.params.get("isolatedSymbol")
        if kind not in ("BORROW", "REPAY"):
            raise invalid("type")
        number = call.integer("txId", 0)
        asset = call.params.get("asset")
        found = [
            loan
            for loan in self._venue.ledger.loans
            if loan.kind == kind
            and loan.symbol == symbol
            and asset in (None, loan.asset)
            and number in (0, loan.id)
            and _within(call, loan.time)
        ]
        return _page(call, [_loan(loan) for loan in reversed(found)])

    def interest(self, call: Call) -> Json:
        symbol, asset = call.params.get("isolatedSymbol"), call.params.get("asset")
        found = [
            charge
            for charge in self._venue.ledger.charges
            if charge.symbol == symbol
            and asset in (None, charge.asset)
            and _within(call, charge.time)
        ]
        return _page(call, [_charge(charge) for charge in reversed(found)])

    def liquidations(self, call: Call) -> Json:
        symbol = call.params.get("isolatedSymbol")
        found = [
            record
            for record in self._venue.ledger.liquidations
            if symbol in (None, record.symbol) and _within(call, record.time)
        ]
        return _page(call, [_liquidation(record) for record in reversed(found)])

    def _isolated(self, symbol: str | None) -> tuple[Pair, Account]:
        if symbol is None:
            first = next(iter(self._venue.pairs))
            return self._venue.pair(first), self._venue.accounts[None]
        return self._venue.pair(symbol), self._venue.account(symbol, isolated=True)

    # ------------------------------------------------------------------ the key

    def restrictions(self, call: Call) -> Json:
        created = call.key.created if call.key is not None else 0
        return call.rights() | {"createTime": created}

    def listen_token(self, call: Call) -> Json:
        isolated = call.flag("isIsolated")
        symbol = call.params.get("symbol")
        if isolated and symbol is None:
            raise missing("symbol")
        if isolated and symbol is not None:
            self._venue.pair(symbol)
            self._venue.account(symbol, isolated=True)
        validity = call.integer("validity", VALIDITY_MAX_MS)
        if not 1 <= validity <= VALIDITY_MAX_MS:
            raise invalid("validity")
        return self._streams.issue(symbol if isolated else None, validity)


def _one_or_ten(params: Params) -> int:
    return 1 if "symbol" in params else 10


def _check_asset(pair: Pair, asset: str) -> None:
    if asset not in (pair.base, pair.quote):
        raise ApiError(-3027, "Not a valid margin asset.")


def _within(call: Call, time: int) -> bool:
    return call.integer("startTime", 0) <= time <= call.integer("endTime", 2**62)


def _page(call: Call, rows: list[Json]) -> Json:
    size, current = call.integer("size", 10), call.integer("current", 1)
    if not 1 <= size <= 100 or current < 1:
        raise invalid("size")
    return {"rows": rows[(current - 1) * size : current * size], "total": len(rows)}
