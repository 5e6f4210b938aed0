"""What ``robson doctor`` asks the venue: facts, each with what to do about it.

Nothing here writes. A check that fails says so and the others go on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Final

import attrs

from robson_connectors.binance import parse_account
from robson_connectors.binance.account import AccountReader, collateral
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.pools import KEY_RIGHTS, Lane
from robson_connectors.binance.rest import RestClient
from robson_connectors.binance.rules import SymbolRules
from robson_domain import decimals
from robson_domain.errors import VenueError
from robson_domain.holdings import PairBalances
from robson_domain.symbols import Symbol

DRIFT_WARNING_NS: Final = 250_000_000
DRIFT_FAILURE_NS: Final = 1_000_000_000
"""The venue refuses timestamps more than this ahead of its clock; we correct, others may not."""
_EXIT_ROOM: Final = Decimal("1.05")
_NEAR: Final = Decimal("0.1")
_WEIGHT_WARNING_PERCENT: Final = 50


class Level(StrEnum):
    """How bad a fact is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@attrs.frozen
class Finding:
    """One fact.

    Attributes:
        name: Stable name of the check, with the pair where it concerns one.
        sentence: The fact with its figures and, unless all is well, what to do.
    """

    name: str
    level: Level
    sentence: str


def _ok(name: str, sentence: str) -> Finding:
    return Finding(name, Level.OK, sentence)


def _warning(name: str, sentence: str) -> Finding:
    return Finding(name, Level.WARNING, sentence)


def _failed(name: str, sentence: str) -> Finding:
    return Finding(name, Level.FAILED, sentence)


def _shown(number: Decimal, digits: int = 8) -> str:
    return decimals.text(decimals.rounded(number, digits))


class Doctor:
    """Looks at the connection, the key and the pairs."""

    def __init__(self, rest: RestClient, market: MarketRest, account: AccountReader) -> None:
        self._rest = rest
        self._market = market
        self._account = account

    async def examine(self, symbols: Sequence[Symbol]) -> tuple[Finding, ...]:
        """Return every fact, in a fixed order; never raises for what the venue does."""
        found = await _safely("clock", self._clock)
        if self._rest.has_keys:
            found += await _safely("key", self._key)
        else:
            found += (_warning("key", "no API key is set; only the public market is read"),)
        for symbol in symbols:
            found += await _safely(f"rules {symbol}", partial(self._rules, symbol))
            if self._rest.has_keys:
                found += await _safely(f"pair {symbol}", partial(self._pair, symbol))
        return (*found, *self._weights())

    async def _clock(self) -> tuple[Finding, ...]:
        await self._rest.sync_time()
        best = self._rest.time.best
        assert best is not None
        # The middle of the bracket: the lower end would show half of the way as drift.
        drift = best.offset + best.round_trip // 2
        said = f"{abs(drift) // 1_000_000} ms {'behind' if drift > 0 else 'ahead of'} the venue"
        if abs(drift) < DRIFT_WARNING_NS:
            return (_ok("clock", f"this machine's clock is {said}"),)
        make = _failed if abs(drift) >= DRIFT_FAILURE_NS else _warning
        return (make("clock", f"this machine's clock is {said}; switch time synchronization on"),)

    async def _key(self) -> tuple[Finding, ...]:
        rights = parse_account.key_rights(await self._rest.signed("GET", KEY_RIGHTS))
        return key_findings(rights, self._rest.time.now())

    async def _rules(self, symbol: Symbol) -> tuple[Finding, ...]:
        return rules_findings(await self._market.rules(symbol))

    async def _pair(self, symbol: Symbol) -> tuple[Finding, ...]:
        pair = await self._account.balances(symbol, Lane.READ)
        rules = await self._market.rules(symbol)
        tier = await self._account.tier(symbol)
        found = (*pair_findings(pair, rules), *tier_findings(pair, tier))
        return (*found, *await self._capacity(symbol))

    async def _capacity(self, symbol: Symbol) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = ()
        for asset in (symbol.base, symbol.quote):
            name = f"borrow {symbol} {asset}"
            try:
                lent = await self._account.borrowable(symbol, asset)
            except VenueError as error:
                found += (_warning(name, f"{asset} cannot be borrowed now: {error.message}"),)
                continue
            if lent:
                found += (_ok(name, f"{_shown(lent)} {asset} can be borrowed"),)
            else:
                text = f"no {asset} can be borrowed; add collateral or wait for the pool"
                found += (_warning(name, text),)
        return found

    def _weights(self) -> tuple[Finding, ...]:
        found = []
        for name, (used, limit) in sorted(self._rest.limiter.used(venues_own=True).items()):
            text = f"{used} of {limit} used"
            if used * 100 < limit * _WEIGHT_WARNING_PERCENT:
                found.append(_ok(f"weight {name}", text))
            else:
                more = f"{text}; find out what else uses this address or account"
                found.append(_warning(f"weight {name}", more))
        return tuple(found)


async def _safely(
    name: str, check: Callable[[], Awaitable[tuple[Finding, ...]]]
) -> tuple[Finding, ...]:
    try:
        return await check()
    except VenueError as error:
        return (_failed(name, f"could not be asked: {error.message}"),)


def key_findings(rights: parse_account.KeyRights, now: int) -> tuple[Finding, ...]:
    """Return what the rights of the key mean; ``now`` is the venue's clock, UTC ns."""
    dangers = (
        (rights.can_withdraw, "key_withdraw", "withdraw"),
        (rights.can_transfer, "key_transfer", "transfer funds away"),
    )
    found = [
        _failed(name, f"the key may {what}; take that right away from it at the venue")
        if has
        else _ok(name, f"the key may not {what}")
        for has, name, what in dangers
    ]
    needs = (
        (rights.is_ip_restricted, "key_ip_list", "an IP list", "restrict it to this machine"),
        (rights.can_read, "key_read", "the right to read", "give it"),
        (rights.can_trade, "key_trade", "the right to trade spot and margin", "give it"),
        (rights.can_borrow, "key_margin", "the right to borrow on margin", "give it"),
    )
    found += [
        _ok(name, f"the key has {what}")
        if has
        else _failed(name, f"the key lacks {what}; {fix} at the venue")
        for has, name, what, fix in needs
    ]
    return (*found, *_expiry(rights.expires_at, now))


_DAY_NS: Final = 24 * 3600 * 1_000_000_000


def _expiry(expires_at: int, now: int) -> tuple[Finding, ...]:
    if not expires_at:
        return ()
    days = (expires_at - now) // _DAY_NS
    if days < 0:
        return (_failed("key_expiry", "the key's right to trade has expired; renew it"),)
    text = f"the key's right to trade ends in {days} days"
    if days < 7:
        return (_warning("key_expiry", f"{text}; renew it"),)
    return (_ok("key_expiry", text),)


def rules_findings(rules: SymbolRules) -> tuple[Finding, ...]:
    """Return whether the pair can be traded on margin, and its filters."""
    symbol, instrument = rules.instrument.symbol, rules.instrument
    found = []
    for is_fine, name, good, bad in (
        (rules.is_trading, "trading", "is trading", "is not trading; wait or choose another pair"),
        (rules.is_margin, "margin", "is a margin pair", "is no margin pair; choose another"),
    ):
        make, text = (_ok, good) if is_fine else (_failed, bad)
        found.append(make(f"{name} {symbol}", f"{symbol} {text}"))
    facts = (
        f"tick {decimals.text(instrument.tick_size)}, step {decimals.text(instrument.step_size)}, "
        f"least quantity {instrument.quantity_min}, least value {instrument.notional_min}"
    )
    stop = "STOP_LOSS" if "STOP_LOSS" in rules.order_types else "STOP_LOSS_LIMIT"
    found.append(_ok(f"filters {symbol}", f"{facts}; stops rest as {stop}"))
    return tuple(found)


def pair_findings(pair: PairBalances, rules: SymbolRules) -> tuple[Finding, ...]:
    """Return side, debt and collateral of a pair."""
    symbol = pair.symbol
    found = [
        _ok(f"tradable {symbol}", f"{symbol} is enabled")
        if pair.is_tradable
        else _failed(f"tradable {symbol}", f"{symbol} is disabled on the account; enable it")
    ]
    found.append(_ok(f"position {symbol}", _position(pair, rules)))
    owed = [f"{_shown(each.debt)} {each.asset}" for each in (pair.base, pair.quote) if each.debt]
    found.append(
        _warning(f"debt {symbol}", f"owes {' and '.join(owed)}; entries need a pair without debt")
        if owed
        else _ok(f"debt {symbol}", "owes nothing")
    )
    return (*found, _collateral(pair, rules))


def _position(pair: PairBalances, rules: SymbolRules) -> str:
    net, instrument = pair.base.net, rules.instrument
    held = instrument.round_qty_down(decimals.absolute(net))
    is_dust = not held or (
        pair.index_price is not None and not instrument.is_tradable(held, pair.index_price)
    )
    if is_dust:
        return "flat"
    side = "long" if net > 0 else "short"
    return f"{side} or collateral: {_shown(net)} {pair.base.asset} net"


def _collateral(pair: PairBalances, rules: SymbolRules) -> Finding:
    name, asset = f"collateral {pair.symbol}", pair.quote.asset
    there = collateral(pair)
    needed = decimals.mul(rules.instrument.notional_min.value, _EXIT_ROOM)
    missing = decimals.sub(needed, there)
    if missing <= 0:
        return _ok(name, f"{_shown(there)} {asset} back the pair")
    text = f"{_shown(missing)} {asset} are missing for the smallest order; transfer them to it"
    return _failed(name, text)


def tier_findings(pair: PairBalances, tier: parse_account.Tier) -> tuple[Finding, ...]:
    """Return the pair's leverage and how far its liquidation is."""
    name = f"liquidation {pair.symbol}"
    leverage = _ok(f"leverage {pair.symbol}", f"up to {decimals.text(tier.leverage)} times")
    if tier.level == 0:
        text = "the tiers could not be read; entries are kept to what is owned"
        leverage = _warning(f"leverage {pair.symbol}", text)
    if pair.liquidation_price is None or pair.index_price is None:
        return leverage, _ok(name, "no liquidation price")
    index, price = pair.index_price.value, pair.liquidation_price.value
    distance = decimals.div(decimals.absolute(decimals.sub(index, price)), index)
    percent = _shown(decimals.mul(distance, Decimal(100)), 2)
    text = f"liquidation at {_shown(price)}, {percent} % from the index price"
    if distance >= _NEAR:
        return leverage, _ok(name, text)
    return leverage, _warning(name, f"{text}; add collateral or reduce")
