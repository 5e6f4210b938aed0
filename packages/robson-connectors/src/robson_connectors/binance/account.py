"""The isolated account: balances as they are, and the snapshot an entry is decided on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance import parse_account, parse_rest
from robson_connectors.binance.fields import Row, field, flag, number, row, rows, text
from robson_connectors.binance.pools import (
    BNB_BURN,
    ISOLATED_ACCOUNT,
    MAX_BORROWABLE,
    OPEN_ORDERS,
    SECOND_NS,
    TIERS,
    TRADE_FEE,
    Lane,
)
from robson_connectors.binance.remembered import Remembered
from robson_connectors.binance.rest import Answer, RestClient
from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.errors import DefinitiveVenueError
from robson_domain.holdings import PairBalances
from robson_domain.ports.system import Clock
from robson_domain.symbols import Symbol
from robson_domain.values import Notional, Quantity

PAIRS_ASKED_MAX: Final = 5
BORROWABLE_AGE_NS: Final = 30 * SECOND_NS
"""A question costs 50 of 12,000 a minute, and what is lent changes slowly without an order."""
BURN_AGE_NS: Final = 60 * SECOND_NS
"""The person can switch it in the app at any time."""
TERMS_AGE_NS: Final = 3600 * SECOND_NS
TAKER_FEE_RATE: Final = Decimal("0.001")
"""What everybody pays without a discount; used when the venue does not say."""


@attrs.frozen(kw_only=True)
class AccountSettings:
    """What the person says instead of the venue.

    Attributes:
        taker_fee_rate: Commission of a market order, ratio; None asks the venue.
        commission_in_base: Whether buys pay it in base asset; None asks whether BNB pays.
    """

    taker_fee_rate: Decimal | None = None
    commission_in_base: bool | None = None


@attrs.frozen
class Terms:
    """What changes slowly about a pair."""

    tier: parse_account.Tier
    taker_fee_rate: Decimal
    commission_in_base: bool


_CAUTIOUS: Final = parse_account.Tier(
    0, decimals.ONE, Decimal("1.25"), decimals.ZERO, decimals.ZERO
)
"""Terms that allow next to nothing, for a pair whose own were never heard."""


class AccountReader:
    """Reads the account; keeps the last balances of each pair and slow-moving terms."""

    def __init__(
        self, rest: RestClient, clock: Clock, settings: AccountSettings | None = None
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._settings = settings or AccountSettings()
        self._latest: dict[Symbol, PairBalances] = {}
        self._changed_at: dict[Symbol, int] = {}
        self._lent: Remembered[Decimal] = Remembered(clock)
        self._tiers: Remembered[parse_account.Tier] = Remembered(clock)
        self._rates: Remembered[Decimal] = Remembered(clock)
        self._burns: Remembered[bool] = Remembered(clock)

    # --------------------------------------------------------------- balances

    async def balances(
        self, symbol: Symbol, lane: Lane, total_s: float | None = None
    ) -> PairBalances:
        """Return one pair, read after the call.

        Args:
            total_s: When given there is one try, this patient, seconds.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        for found in await self._asked((symbol,), lane, total_s):
            if found.symbol == symbol:
                return found
        raise DefinitiveVenueError(f"the account has no isolated pair {symbol}", "NO_PAIR")

    async def several(self, symbols: Sequence[Symbol], lane: Lane) -> tuple[PairBalances, ...]:
        """Return these pairs, all of the account's for none, those it has.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        if not symbols:
            return await self._asked((), lane)
        found: list[PairBalances] = []
        for start in range(0, len(symbols), PAIRS_ASKED_MAX):
            found += await self._asked(symbols[start : start + PAIRS_ASKED_MAX], lane)
        return tuple(found)

    def changed(self, symbol: Symbol) -> None:
        """Take up that an order of ours may have changed the pair now."""
        self._changed_at[symbol] = self._clock.now_ns()
        for asset in (symbol.base, symbol.quote):
            self._lent.forget(f"{symbol} {asset}")

    def recent(self, symbol: Symbol, max_age_ns: int) -> PairBalances | None:
        """Return the last balances when they are young and no order of ours came after them."""
        found = self._latest.get(symbol)
        if found is None or self._clock.now_ns() - found.ts_received > max_age_ns:
            return None
        return found if found.ts_received > self._changed_at.get(symbol, 0) else None

    async def _asked(
        self, symbols: Sequence[Symbol], lane: Lane, total_s: float | None = None
    ) -> tuple[PairBalances, ...]:
        params = (("symbols", ",".join(symbols)),) if symbols else ()
        asked_at = self._clock.now_ns()
        answer = await self._rest.read(ISOLATED_ACCOUNT, params, lane=lane, total_s=total_s)
        found = _pairs(answer)
        for each in found:
            # What was asked before an order of ours must not pass for what came after it.
            if asked_at > self._changed_at.get(each.symbol, -1):
                self._latest[each.symbol] = each
        return found

    # --------------------------------------------------------------- snapshot

    async def snapshot(self, symbol: Symbol, lane: Lane = Lane.ORDER) -> AccountSnapshot:
        """Return the pair's state, taken after the call.

        Raises:
            DefinitiveVenueError: The account has no such pair.
            RetryableVenueError: No usable answer.
        """
        pair, orders, base, quote, terms = await asyncio.gather(
            self.balances(symbol, lane),
            self.open_orders(symbol, lane),
            self._borrowable(symbol, symbol.base, lane),
            self._borrowable(symbol, symbol.quote, lane),
            self.terms(symbol, lane),
        )
        return AccountSnapshot(
            symbol=symbol,
            ts_event=pair.ts_event,
            ts_received=self._clock.now_ns(),
            # Interest is a cost, not a position: with it the quantity would drift from the fills.
            net_qty=decimals.sub(pair.base.held, pair.base.borrowed),
            debt_base=Quantity(pair.base.debt),
            debt_quote=Notional(pair.quote.debt),
            open_orders=len(orders),
            collateral=Notional(collateral(pair)),
            borrowable_base=Quantity(base),
            borrowable_quote=Notional(quote),
            taker_fee_rate=terms.taker_fee_rate,
            commission_in_base=terms.commission_in_base,
            leverage_max=max(1, decimals.floor_div(terms.tier.leverage, decimals.ONE)),
            liquidation_level=terms.tier.liquidation_level,
            lends=True,
            reserves=True,
        )

    async def open_orders(self, symbol: Symbol, lane: Lane) -> tuple[Row, ...]:
        """Return the pair's open orders as the venue tells them, oldest first.

        Raises:
            DefinitiveVenueError: The question was refused.
            RetryableVenueError: No usable answer.
        """
        params = (("symbol", symbol), ("isIsolated", "TRUE"))
        content = await self._rest.signed("GET", OPEN_ORDERS, params, lane=lane)
        return parse_rest.open_order_rows(content, symbol)

    async def borrowable(self, symbol: Symbol, asset: str, lane: Lane = Lane.READ) -> Decimal:
        """Return what of ``asset`` can be borrowed on the pair now.

        Raises:
            DefinitiveVenueError: Refused: not lent at all, or the key may not ask.
            RetryableVenueError: No usable answer.
        """
        params = (("asset", asset), ("isolatedSymbol", symbol))
        content = await self._rest.signed("GET", MAX_BORROWABLE, params, lane=lane)
        return parse_account.max_borrowable(content)

    async def _borrowable(self, symbol: Symbol, asset: str, lane: Lane) -> Decimal:
        # Nothing lent is the safe reading of silence: the entry is denied, evidence still counts.
        return await self._lent.get_or(
            f"{symbol} {asset}",
            BORROWABLE_AGE_NS,
            lambda: self.borrowable(symbol, asset, lane),
            decimals.ZERO,
        )

    async def terms(self, symbol: Symbol, lane: Lane = Lane.READ) -> Terms:
        """Return the pair's terms, as far as they were ever heard; the rest is cautious."""
        return Terms(
            *await asyncio.gather(
                self.tier(symbol, lane),
                self.taker_fee_rate(symbol, lane),
                self.commission_in_base(lane),
            )
        )

    def known_fee_in_base(self, symbol: Symbol) -> Decimal:
        """Return what buys pay in base asset as far as is known without asking, ratio."""
        in_base = self._settings.commission_in_base
        if in_base is None:
            in_base = not self._burns.last("burn")
        if not in_base:
            return decimals.ZERO
        return self._settings.taker_fee_rate or self._rates.last(symbol) or TAKER_FEE_RATE

    def now_ns(self) -> int:
        """Return our time, UTC ns."""
        return self._clock.now_ns()

    async def tier(self, symbol: Symbol, lane: Lane = Lane.READ) -> parse_account.Tier:
        """Return the pair's first tier, which holds for what one person trades."""

        async def ask() -> parse_account.Tier:
            params = (("symbol", symbol),)
            found = parse_account.tiers(await self._rest.signed("GET", TIERS, params, lane=lane))
            if not found:
                raise DefinitiveVenueError(f"{symbol} has no isolated tiers", "NO_TIERS")
            return found[0]

        return await self._tiers.get_or(symbol, TERMS_AGE_NS, ask, _CAUTIOUS)

    async def taker_fee_rate(self, symbol: Symbol, lane: Lane = Lane.READ) -> Decimal:
        """Return the commission of a market order, ratio of the traded amount."""

        async def ask() -> Decimal:
            content = await self._rest.signed("GET", TRADE_FEE, (("symbol", symbol),), lane=lane)
            for each in rows(content):
                if text(each, "symbol") == symbol:
                    return number(each, "takerCommission")
            return TAKER_FEE_RATE

        if self._settings.taker_fee_rate is not None:
            return self._settings.taker_fee_rate
        return await self._rates.get_or(symbol, TERMS_AGE_NS, ask, TAKER_FEE_RATE)

    async def commission_in_base(self, lane: Lane = Lane.READ) -> bool:
        """Say whether buys pay in base asset; unless BNB pays, they do.

        When nobody knows, they do: a cover is a little larger then, and no debt remains.
        """

        async def ask() -> bool:
            return flag(row(await self._rest.signed("GET", BNB_BURN, lane=lane)), "spotBNBBurn")

        if self._settings.commission_in_base is not None:
            return self._settings.commission_in_base
        return not await self._burns.get_or("burn", BURN_AGE_NS, ask, False)


def _pairs(answer: Answer) -> tuple[PairBalances, ...]:
    entries = rows(field(row(answer.content), "assets"))
    found = [
        parse_account.pair_balances(entry, answer.ts_event, answer.ts_received)
        for entry in entries
        if flag(entry, "isolatedCreated", True)
    ]
    return tuple(each for each in found if each is not None)


def collateral(pair: PairBalances) -> Decimal:
    """Return what backs the pair, quote currency: held minus owed, base at the index price."""
    net = pair.quote.net
    if pair.index_price is not None:
        net = decimals.add(net, decimals.mul(pair.base.net, pair.index_price.value))
    return max(decimals.ZERO, net)
