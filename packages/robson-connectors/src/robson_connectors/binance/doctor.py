"""What ``robson doctor`` asks the venue: facts, each with what to do about it.

Nothing here writes. A check that fails says so and the others go on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import attrs

from robson_connectors.binance import doctor_pair, parse_account
from robson_connectors.binance.account import AccountReader
from robson_connectors.binance.doctor_pair import Lent, PairSeen, Wanted
from robson_connectors.binance.finding import Finding, Level, ok, refused, warning
from robson_connectors.binance.market_rest import MarketRest
from robson_connectors.binance.pools import KEY_RIGHTS, Lane
from robson_connectors.binance.rest import RestClient
from robson_domain.errors import VenueError
from robson_domain.symbols import Symbol

__all__ = ["Doctor", "Finding", "Level", "Wanted", "key_findings", "key_risks"]

DRIFT_WARNING_NS: Final = 250_000_000
DRIFT_REFUSED_NS: Final = 1_000_000_000
"""The venue refuses timestamps more than this ahead of its clock; we correct, others may not."""
_WEIGHT_WARNING_PERCENT: Final = 50
_DAY_NS: Final = 24 * 3600 * 1_000_000_000


class Doctor:
    """Looks at the connection, the key and the pairs."""

    def __init__(self, rest: RestClient, market: MarketRest, account: AccountReader) -> None:
        self._rest = rest
        self._market = market
        self._account = account

    async def examine(
        self, symbols: Sequence[Symbol], wanted: Wanted | None = None
    ) -> tuple[Finding, ...]:
        """Return every fact, in a fixed order; never raises for what the venue does.

        Args:
            wanted: What is going to be traded.
        """
        wanted = wanted or Wanted()
        found = await _safely("clock", self._clock)
        if self._rest.has_keys:
            found += await _safely("key", partial(self._key, wanted))
        else:
            found += (_no_key(wanted),)
        for symbol in symbols:
            found += await _safely(f"rules {symbol}", partial(self._rules, symbol))
            if self._rest.has_keys:
                found += await _safely(f"pair {symbol}", partial(self._pair, symbol, wanted))
        return (*found, *self._weights())

    async def risks(self) -> tuple[str, ...]:
        """Return what of the key's rights could lose more than a bad trade, in words.

        Raises:
            VenueError: When the venue does not say.
        """
        return key_risks(await self._rights())

    async def _rights(self) -> parse_account.KeyRights:
        return parse_account.key_rights(await self._rest.signed("GET", KEY_RIGHTS))

    async def _clock(self) -> tuple[Finding, ...]:
        await self._rest.sync_time()
        best = self._rest.time.best
        assert best is not None
        # The middle of the bracket: the lower end would show half of the way as drift.
        drift = best.offset + best.round_trip // 2
        way = "behind" if drift > 0 else "ahead of"
        seen = f"this machine's clock is {abs(drift) // 1_000_000} ms {way} the venue"
        if abs(drift) < DRIFT_WARNING_NS:
            return (ok("clock", seen),)
        make = refused if abs(drift) >= DRIFT_REFUSED_NS else warning
        return (make("clock", seen, "switch time synchronization on"),)

    async def _key(self, wanted: Wanted) -> tuple[Finding, ...]:
        rights = await self._rights()
        accepted = wanted.accepts(key_risks(rights))
        return key_findings(rights, self._rest.time.now(), are_risks_accepted=accepted)

    async def _rules(self, symbol: Symbol) -> tuple[Finding, ...]:
        return doctor_pair.rules_findings(await self._market.rules(symbol))

    async def _pair(self, symbol: Symbol, wanted: Wanted) -> tuple[Finding, ...]:
        seen = PairSeen(
            pair=await self._account.balances(symbol, Lane.READ),
            rules=await self._market.rules(symbol),
            tier=await self._account.tier(symbol),
            lent=(await self._lent(symbol, symbol.base), await self._lent(symbol, symbol.quote)),
        )
        orders = await _safely(f"orders {symbol}", partial(self._open_orders, symbol))
        return (*doctor_pair.pair_findings(seen, wanted), *orders)

    async def _open_orders(self, symbol: Symbol) -> tuple[Finding, ...]:
        orders = await self._account.open_orders(symbol, Lane.READ)
        return (doctor_pair.orders_finding(symbol, len(orders)),)

    async def _lent(self, symbol: Symbol, asset: str) -> Lent:
        try:
            return Lent(asset, await self._account.borrowable(symbol, asset))
        except VenueError as error:
            return Lent(asset, None, error.message)

    def _weights(self) -> tuple[Finding, ...]:
        found = []
        for name, (used, limit) in sorted(self._rest.limiter.used(venues_own=True).items()):
            text = f"{used} of {limit} used"
            if used * 100 < limit * _WEIGHT_WARNING_PERCENT:
                found.append(ok(f"weight {name}", text))
            else:
                advice = "find out what else uses this address or account"
                found.append(warning(f"weight {name}", text, advice))
        return tuple(found)


async def _safely(
    name: str, check: Callable[[], Awaitable[tuple[Finding, ...]]]
) -> tuple[Finding, ...]:
    try:
        return await check()
    except VenueError as error:
        advice = "look at the network, the key and its IP list, and ask again"
        return (refused(name, f"could not be asked: {error.message}", advice),)


def _no_key(wanted: Wanted) -> Finding:
    seen = "no API key is used; only the public market is read"
    if not wanted.needs_key:
        return ok("key", seen)
    return warning("key", seen, "set BINANCE_API_KEY and BINANCE_API_SECRET, or their files")


# ------------------------------------------------------------------------------------- the key


@attrs.frozen
class _Risk:
    name: str
    has: bool
    fine: str
    """What is said of a key without it."""
    risk: str
    """What is said of a key with it; a part of the phrase that accepts it."""
    advice: str


def _risks(rights: parse_account.KeyRights) -> tuple[_Risk, ...]:
    away = "take that right away from it at the venue"
    return (
        _Risk("key_withdraw", rights.can_withdraw, "may not withdraw", "may withdraw", away),
        _Risk(
            "key_transfer",
            rights.can_transfer,
            "may not transfer funds away",
            "may transfer funds away",
            away,
        ),
        _Risk(
            "key_ip_list",
            not rights.is_ip_restricted,
            "has an IP list",
            "has no IP list",
            "restrict it to this machine at the venue",
        ),
    )


def key_risks(rights: parse_account.KeyRights) -> tuple[str, ...]:
    """Return what makes a stolen key worse than a bad trade, in words, in a fixed order."""
    return tuple(each.risk for each in _risks(rights) if each.has)


def key_findings(
    rights: parse_account.KeyRights, now: int, *, are_risks_accepted: bool = False
) -> tuple[Finding, ...]:
    """Return what the rights of the key mean.

    Args:
        now: The venue's clock, UTC ns.
        are_risks_accepted: Whether the person typed that such a key is to be used.
    """
    found = [_risk_finding(each, are_risks_accepted) for each in _risks(rights)]
    needs = (
        (rights.can_read, "key_read", "the right to read"),
        (rights.can_trade, "key_trade", "the right to trade spot and margin"),
        (rights.can_borrow, "key_margin", "the right to borrow on margin"),
    )
    found += [
        ok(name, f"the key has {what}")
        if has
        else refused(name, f"the key lacks {what}", "give it at the venue")
        for has, name, what in needs
    ]
    return (*found, *_expiry(rights.expires_at, now))


def _risk_finding(each: _Risk, are_accepted: bool) -> Finding:
    if not each.has:
        return ok(each.name, f"the key {each.fine}")
    if are_accepted:
        return warning(each.name, f"the key {each.risk}; you accepted that", each.advice)
    return refused(each.name, f"the key {each.risk}", f"{each.advice}; live mode refuses it")


def _expiry(expires_at: int, now: int) -> tuple[Finding, ...]:
    if not expires_at:
        return ()
    days = (expires_at - now) // _DAY_NS
    if days < 0:
        return (refused("key_expiry", "the key's right to trade has expired", "renew it"),)
    seen = f"the key's right to trade ends in {days} days"
    return (warning("key_expiry", seen, "renew it") if days < 7 else ok("key_expiry", seen),)
