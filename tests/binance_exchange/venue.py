"""The state of the exchange: pairs, markets, accounts, orders, and who wants to know.

Why not the engine's ``SimulatedVenue``: that core has market orders alone, one net balance per
pair in which debt is a negative number that repays itself, and answers at once or at the next
trade. Here what has to be simulated is exactly the rest: free and locked balances, resting and
triggered stops, debt with interest that stays until somebody repays it, side effects, order
types with their own defaults, and a cross account beside the isolated ones. So the book is its
own and small: quotes of unlimited depth (see ``matching.py``), prices that the test decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import attrs

from tests.binance_exchange.clock import ExchangeClock
from tests.binance_exchange.ledger import Ledger
from tests.binance_exchange.market import Market, MarketTrade
from tests.binance_exchange.model import Account, Fill, Order
from tests.binance_exchange.pairs import Pair
from tests.binance_exchange.wire import ZERO, ApiError


@attrs.frozen(kw_only=True)
class Execution:
    """One change of one order, as the user stream and the audit see it."""

    kind: str
    order: Order
    time: int
    fill: Fill | None = None
    cancel_id: str | None = None
    status: str = "NEW"


class Listener(Protocol):
    """Whoever is told what happens, in the order it happens."""

    def executed(self, execution: Execution) -> None:
        """One order changed."""

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Balances changed."""

    def moved(self, account: Account, asset: str, delta: Decimal) -> None:
        """Funds came or went outside of trading."""

    def traded(self, symbol: str, trade: MarketTrade) -> None:
        """The market traded."""

    def quoted(self, symbol: str) -> None:
        """The best prices changed."""


@attrs.frozen(kw_only=True)
class FillPlan:
    """How the next taker order fills: a share of it in some parts, the rest expires.

    ``parts`` fills each go one tick further from the best price; ``times`` orders are served
    (None: all). An empty ``symbol`` or ``side`` fits any.
    """

    fraction: Decimal = Decimal(1)
    parts: int = 1
    times: int | None = 1
    symbol: str = ""
    side: str = ""


@attrs.frozen(kw_only=True)
class VenueRules:
    """What of the exchange's behavior a test may choose."""

    taker_fee: Decimal = Decimal("0.001")
    maker_fee: Decimal = Decimal("0.001")
    fee_in_bnb: bool = False
    bnb_price: Decimal = Decimal(600)
    liquidate: bool = False
    notional_code: int = -1013
    spread_ticks: int = 1
    max_accounts: int = 20


class Venue:
    """Everything the exchange knows. Money in the units of each asset, times in ms."""

    def __init__(self, pairs: tuple[Pair, ...], clock: ExchangeClock, rules: VenueRules) -> None:
        self.pairs = {pair.symbol: pair for pair in pairs}
        self.clock = clock
        self.rules = rules
        self.markets: dict[str, Market] = {}
        self.accounts: dict[str | None, Account] = {None: Account(symbol=None)}
        self.ledger = Ledger()
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.fills: list[Fill] = []
        self.listeners: list[Listener] = []
        self.plans: list[FillPlan] = []
        self.late_visibility_ms = 0
        self.hide_open_too = False
        self.silent_repay_failures = 0
        self.busy_until_ms = 0
        self._next_order = 213_205_622

    def next_order_id(self) -> int:
        """Return an order number that was never used."""
        self._next_order += 1
        return self._next_order

    def pair(self, symbol: str) -> Pair:
        """Return the pair ``symbol``.

        Raises:
            ApiError: -1121 when it is not traded here.
        """
        if symbol not in self.pairs or symbol not in self.markets:
            raise ApiError(-1121, "Invalid symbol.")
        return self.pairs[symbol]

    def market(self, symbol: str) -> Market:
        """Return the market of ``symbol`` (-1121 when there is none)."""
        self.pair(symbol)
        return self.markets[symbol]

    def account(self, symbol: str, *, isolated: bool) -> Account:
        """Return the account that trades ``symbol``.

        Raises:
            ApiError: -11001 when the isolated account was never opened, -3021 when disabled.
        """
        if not isolated:
            return self.accounts[None]
        if symbol not in self.accounts:
            raise ApiError(-11001, "Isolated margin account doesn't exist.")
        account = self.accounts[symbol]
        if not account.enabled:
            raise ApiError(-3021, "Margin account are not allowed to trade this trading pair.")
        return account

    def open_account(self, symbol: str) -> Account:
        """Open the isolated account of ``symbol``, empty, or return the one there is."""
        self.pair(symbol)
        return self.accounts.setdefault(symbol, Account(symbol=symbol))

    def deposit(self, symbol: str | None, asset: str, size: Decimal) -> None:
        """Move ``size`` (negative: out) into the account of ``symbol``, or the cross account."""
        account = self.accounts[None] if symbol is None else self.open_account(symbol)
        account.of(asset).free += size
        for listener in self.listeners:
            listener.moved(account, asset, size)
        self.tell_balances(account, asset)

    def open_orders(self, symbol: str, *, isolated: bool) -> Iterator[Order]:
        """Return the orders that rest in one account, oldest first."""
        return (
            order
            for order in list(self.open.values())
            if order.symbol == symbol and order.ask.isolated == isolated
        )

    def is_visible(self, order: Order) -> bool:
        """Say whether a question by id finds ``order`` already."""
        return self.clock.real_ms() >= order.visible_at

    def find(self, symbol: str, *, isolated: bool, order_id: int, client_id: str) -> Order | None:
        """Return the newest visible order that fits; 0 and "" fit any."""
        for order in reversed(self.orders.values()):
            if order.symbol != symbol or order.ask.isolated != isolated:
                continue
            if order_id and order.id != order_id:
                continue
            if client_id and order.ask.client_id != client_id:
                continue
            if self.is_visible(order):
                return order
        return None

    def net_base(self, account: Account) -> Decimal:
        """Return what an isolated account holds of its base beyond its debt."""
        if account.symbol is None:
            return ZERO
        return account.of(self.pairs[account.symbol].base).net

    # ------------------------------------------------------------------ telling

    def tell(self, execution: Execution) -> None:
        """Tell every listener of one change of an order."""
        for listener in self.listeners:
            listener.executed(execution)

    def tell_balances(self, account: Account, *assets: str) -> None:
        """Tell every listener that balances of ``account`` changed."""
        for listener in self.listeners:
            listener.balances_changed(account, assets)

    def tell_trade(self, symbol: str, trade: MarketTrade) -> None:
        """Tell every listener of one public trade."""
        for listener in self.listeners:
            listener.traded(symbol, trade)

    def tell_quote(self, symbol: str) -> None:
        """Tell every listener of new best prices."""
        for listener in self.listeners:
            listener.quoted(symbol)
