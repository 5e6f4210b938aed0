"""Reading the account pair by pair, each question with a deadline, each failure named.

A question that fails raises :class:`LookFailed`; nothing here ever makes an empty answer of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import attrs

from robson_domain import (
    AccountTrade,
    Clock,
    HoldingsPort,
    Instrument,
    MarketDataPort,
    PairBalances,
    Price,
    RestingOrder,
    RetryableVenueError,
    Symbol,
    TradeId,
    VenueError,
)
from robson_engine.protection import OwnTrades, since_flat
from robson_exec.limits import (
    CALL_TIMEOUT_NS,
    PRICE_FRESH_NS,
    RULES_KEPT_NS,
    TRADES_KEPT_MAX,
    WALK_TIMEOUT_NS,
)
from robson_exec.supervision import Supervisor, TimedOut
from robson_exec.view import Prices

T = TypeVar("T")


class LookFailed(Exception):
    """A question was not answered.

    Attributes:
        is_refusal: Whether the venue, or the way to it, asks for patience.
    """

    def __init__(self, problem: str, *, is_refusal: bool = False) -> None:
        super().__init__(problem)
        self.is_refusal = is_refusal


@attrs.frozen(kw_only=True)
class Snapshot:
    """One pair, read whole.

    Attributes:
        trades: Executions since nobody held anything there, oldest first.
        price: A fresh live price, or what the venue values the pair at.
        last_trade: The latest execution that is known, None before the first.
    """

    balances: PairBalances
    trades: Sequence[AccountTrade]
    resting: tuple[RestingOrder, ...]
    instrument: Instrument
    price: Price
    last_trade: TradeId | None = None

    @property
    def symbol(self) -> Symbol:
        """The pair."""
        return self.balances.symbol


@attrs.define
class _History:
    """The trades of one pair in memory."""

    trades: list[AccountTrade] = attrs.field(factory=list)
    known: set[TradeId] = attrs.field(factory=set)
    last: TradeId | None = None

    def add(self, trades: Sequence[AccountTrade]) -> bool:
        """Take up new trades; say whether there were any. One that is known changes nothing."""
        new = [trade for trade in trades if trade.fill.trade_id not in self.known]
        self.trades += new
        self.known.update(trade.fill.trade_id for trade in new)
        if new:
            self.last = new[-1].fill.trade_id
        return bool(new)

    def forget(self, own: OwnTrades) -> None:
        """Let go of what says nothing about now; the newest stays, so that nothing comes twice."""
        kept = list(since_flat(self.trades, own)[-TRADES_KEPT_MAX:])
        if len(kept) < len(self.trades):
            self.trades = kept
            self.known = {trade.fill.trade_id for trade in kept}
            if self.last is not None:
                self.known.add(self.last)


@attrs.define(kw_only=True, eq=False)
class AccountReader:
    """Reads pairs for whoever has to judge them.

    Attributes:
        own_of: How core's executions on a pair are told from others, now.
    """

    holdings: HoldingsPort
    market: MarketDataPort
    prices: Prices
    clock: Clock
    supervisor: Supervisor
    own_of: Callable[[Symbol], OwnTrades]
    _histories: dict[Symbol, _History] = attrs.field(factory=dict, init=False)
    _rules: dict[Symbol, tuple[int, Instrument]] = attrs.field(factory=dict, init=False)

    async def pairs(self) -> tuple[PairBalances, ...]:
        """Return the whole account.

        Raises:
            LookFailed: There is no answer.
        """
        return await self._asked("pairs", self.holdings.pairs())

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return a pair's rules, at most an hour old.

        Raises:
            LookFailed: There is no answer.
        """
        now = self.clock.now_ns()
        known = self._rules.get(symbol)
        if known is not None and now - known[0] < RULES_KEPT_NS:
            return known[1]
        found = await self._asked("instrument", self.market.instrument(symbol))
        self._rules[symbol] = now, found
        return found

    def price(self, balances: PairBalances) -> Price | None:
        """Return the last live price when it is fresh, else the venue's own valuation."""
        fact = self.prices.fact(balances.symbol)
        if fact is not None and fact.age_ns(self.clock.now_ns()) <= PRICE_FRESH_NS:
            return fact.price
        return balances.index_price

    def known_trades(self, symbol: Symbol) -> Sequence[AccountTrade]:
        """Return what is known of a pair's executions without asking."""
        history = self._histories.get(symbol)
        return tuple(history.trades) if history is not None else ()

    async def complete(self, balances: PairBalances) -> Snapshot:
        """Read the rest of a pair whose balances are known.

        Balances from before a trade are read again: they would contradict it.

        Raises:
            LookFailed: A question was not answered, or nobody knows the price.
        """
        symbol = balances.symbol
        instrument = await self.instrument(symbol)
        if await self._walk(symbol):
            balances = await self._asked("pair", self.holdings.pair(symbol))
        return await self._with_orders(balances, instrument)

    async def fresh(self, symbol: Symbol) -> Snapshot:
        """Read everything about a pair now, its executions first.

        Raises:
            LookFailed: A question was not answered, or nobody knows the price.
        """
        instrument = await self.instrument(symbol)
        await self._walk(symbol)
        balances = await self._asked("pair", self.holdings.pair(symbol))
        return await self._with_orders(balances, instrument)

    async def _with_orders(self, balances: PairBalances, instrument: Instrument) -> Snapshot:
        symbol = balances.symbol
        resting = await self._asked("resting_orders", self.holdings.resting_orders(symbol))
        price = self.price(balances)
        if price is None:
            raise LookFailed("nobody knows the price")
        return Snapshot(
            balances=balances,
            trades=self.known_trades(symbol),
            resting=resting,
            instrument=instrument,
            price=price,
            last_trade=self._histories[symbol].last,
        )

    async def _walk(self, symbol: Symbol) -> bool:
        """Fetch the executions that are not known yet; say whether there were any."""
        history = self._histories.setdefault(symbol, _History())
        patience = CALL_TIMEOUT_NS if history.last is not None else WALK_TIMEOUT_NS
        asking = self.holdings.trades(symbol, history.last)
        is_new = history.add(await self._asked("trades", asking, patience))
        history.forget(self.own_of(symbol))
        return is_new

    async def _asked(
        self, question: str, answer: Awaitable[T], patience_ns: int = CALL_TIMEOUT_NS
    ) -> T:
        try:
            async with self.supervisor.deadline(self.clock.now_ns() + patience_ns):
                return await answer
        except TimedOut:
            raise LookFailed(f"{question}: no answer in time", is_refusal=True) from None
        except VenueError as error:
            refusal = isinstance(error, RetryableVenueError)
            raise LookFailed(f"{question}: {error.message}", is_refusal=refusal) from None
        except Exception as error:
            raise LookFailed(f"{question}: {type(error).__name__}: {error}") from None
