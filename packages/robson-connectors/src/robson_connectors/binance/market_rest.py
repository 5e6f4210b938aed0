"""The market by question and answer: rules, past bars, trades missed, one price."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance import parse_rest
from robson_connectors.binance.fields import row
from robson_connectors.binance.pools import AGG_TRADES, EXCHANGE_INFO, KLINES, PRICE, Lane
from robson_connectors.binance.remembered import Remembered
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.rules import SymbolRules, symbol_rules
from robson_domain.errors import DefinitiveVenueError, RetryableVenueError
from robson_domain.instrument import Instrument
from robson_domain.market import Bar, TradeTick
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol
from robson_domain.values import Price

_MINUTE_NS: Final = 60_000_000_000
INTERVALS: Final[dict[int, str]] = {
    1_000_000_000: "1s",
    _MINUTE_NS: "1m",
    3 * _MINUTE_NS: "3m",
    5 * _MINUTE_NS: "5m",
    15 * _MINUTE_NS: "15m",
    30 * _MINUTE_NS: "30m",
    60 * _MINUTE_NS: "1h",
    120 * _MINUTE_NS: "2h",
    240 * _MINUTE_NS: "4h",
    360 * _MINUTE_NS: "6h",
    480 * _MINUTE_NS: "8h",
    720 * _MINUTE_NS: "12h",
    1440 * _MINUTE_NS: "1d",
    3 * 1440 * _MINUTE_NS: "3d",
    7 * 1440 * _MINUTE_NS: "1w",
}
"""Lengths of bars that the venue keeps, ns."""
EXIT_PATIENCE_S: Final = 1.5
_NO_SUCH_SYMBOL: Final = "-1121"
RULES_AGE_NS: Final = 60 * _MINUTE_NS
_PAGE: Final = 1_000
_PAGES_MAX: Final = 100
"""A gap of more trades than this many pages is hours long."""


class MarketRest:
    """Questions about the market."""

    def __init__(self, rest: RestClient, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._rules: Remembered[SymbolRules] = Remembered(clock)
        self._ticks: dict[Symbol, Decimal] = {}

    async def rules(self, symbol: Symbol, lane: Lane = Lane.READ) -> SymbolRules:
        """Return the pair's rules, at most an hour old when the venue answers.

        Raises:
            DefinitiveVenueError: The pair does not exist there.
            RetryableVenueError: No usable answer, and none before.
        """
        return await self._rules.get(symbol, RULES_AGE_NS, lambda: self._asked(symbol, lane))

    async def rules_for_exit(self, symbol: Symbol, *, is_fresh: bool = False) -> SymbolRules:
        """Return what is known of the pair, however old; ask once, shortly, when that is nothing.

        Args:
            is_fresh: Ask in any case.

        Raises:
            DefinitiveVenueError: The pair does not exist there.
            RetryableVenueError: No usable answer.
        """
        known = None if is_fresh else self._rules.last(symbol)
        return known or await self._asked(symbol, Lane.EXIT, EXIT_PATIENCE_S)

    async def _asked(self, symbol: Symbol, lane: Lane, total_s: float | None = None) -> SymbolRules:
        params = (("symbol", symbol),)
        try:
            content = await self._rest.public(EXCHANGE_INFO, params, lane, total_s)
        except DefinitiveVenueError as error:
            if error.code == _NO_SUCH_SYMBOL:
                raise
            raise RetryableVenueError(error.message, error.code) from None
        rules = symbol_rules(row(content), symbol)
        if rules is None:
            raise DefinitiveVenueError(f"{symbol} is not traded there", "UNKNOWN_SYMBOL")
        self._rules.keep(symbol, rules)
        return rules

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the pair's instrument; raises as :meth:`rules`.

        The tick size stays what it was first: all trades of a pair are told in it.
        """
        instrument = (await self.rules(symbol)).instrument
        first = self._ticks.setdefault(symbol, instrument.tick_size)
        if first == instrument.tick_size:
            return instrument
        return attrs.evolve(instrument, tick_size=first)

    async def last_price(self, symbol: Symbol, lane: Lane = Lane.READ) -> Price:
        """Return the last trade's price.

        Raises:
            DefinitiveVenueError: The pair does not exist there.
            RetryableVenueError: No usable answer.
        """
        return parse_rest.last_price(await self._rest.public(PRICE, (("symbol", symbol),), lane))

    async def trades_since(self, symbol: Symbol, after_trade_id: int) -> tuple[TradeTick, ...]:
        """Return the aggregate trades after an id, in order, up to now.

        Raises:
            DefinitiveVenueError: Too many to fetch, or an unknown pair.
            RetryableVenueError: No usable answer.
        """
        instrument = await self.instrument(symbol)
        found: list[TradeTick] = []
        last = after_trade_id
        for _ in range(_PAGES_MAX):
            page = await self._trades(instrument, last + 1)
            found += [tick for tick in page if tick.trade_id > last]
            if len(page) < _PAGE:
                return tuple(found)
            if page[-1].trade_id <= last:
                raise RetryableVenueError("the same trades came again", "UNREADABLE")
            last = page[-1].trade_id
        raise DefinitiveVenueError("the gap is too long to be fetched", "GAP_TOO_LONG")

    async def _trades(self, instrument: Instrument, first: int) -> tuple[TradeTick, ...]:
        params = (("symbol", instrument.symbol), ("fromId", str(first)), ("limit", str(_PAGE)))
        content = await self._rest.public(AGG_TRADES, params)
        return parse_rest.trade_ticks(content, instrument, self._clock.now_ns())

    async def bars(self, symbol: Symbol, interval: int, count: int) -> tuple[Bar, ...]:
        """Return the last ``count`` complete bars of ``interval`` ns, oldest first.

        Raises:
            DefinitiveVenueError: The venue keeps no bars of that length, or an unknown pair.
            RetryableVenueError: No usable answer.
        """
        if interval not in INTERVALS:
            raise DefinitiveVenueError("the venue keeps no bars of that length", "NO_BARS")
        found: list[Bar] = []
        # One more than asked: the last one is still forming.
        while len(found) <= count:
            page = await self._bars(symbol, interval, found, count + 1 - len(found))
            found = [*page, *found]
            if len(page) < _PAGE:
                break
        # The answer is as new as the venue's clock when it was asked, at least.
        now = self._rest.time.now()
        return tuple(bar for bar in found if bar.ts_close <= now)[-count:] if count > 0 else ()

    async def _bars(
        self, symbol: Symbol, interval: int, known: list[Bar], wanted: int
    ) -> tuple[Bar, ...]:
        before = [("endTime", str(known[0].ts_open // 1_000_000 - 1))] if known else []
        params = (
            ("symbol", symbol),
            ("interval", INTERVALS[interval]),
            *before,
            ("limit", str(min(wanted, _PAGE))),
        )
        return parse_rest.bars(await self._rest.public(KLINES, params), symbol, interval)
