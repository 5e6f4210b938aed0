"""What the doctor makes of a pair: may it be traded, and would a position of the cap fit; pure.

The figures are those the entry decision goes by (leverage, collateral, liquidation, loan), so that
what is said here is what an entry would be told.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs

from robson_connectors.binance import parse_account
from robson_connectors.binance.account import collateral
from robson_connectors.binance.finding import Finding, ok, refused, shown, warning
from robson_connectors.binance.rules import SymbolRules
from robson_domain import decimals
from robson_domain.holdings import PairBalances
from robson_domain.symbols import Symbol
from robson_domain.values import Price

_EXIT_ROOM: Final = Decimal("1.05")
_NEAR: Final = Decimal("0.1")
_HUNDRED: Final = Decimal(100)
_LEVERAGE_MAX: Final = Decimal(10)
_WIDEST: Final = Decimal("0.15")
"""The widest stop, 10 % of the price, and half of it again: so far liquidation must be."""
_STOP_SHARE: Final = Decimal("1.5")


def _accepts_nothing(risks: tuple[str, ...]) -> bool:
    return not risks


@attrs.frozen(kw_only=True)
class Wanted:
    """What is going to be traded.

    Attributes:
        position_value: Largest value of a position, quote currency.
        accepts: Says whether the person accepted a key with such risks.
        needs_key: Whether anything but the public market is needed.
    """

    position_value: Decimal = Decimal(50)
    accepts: Callable[[tuple[str, ...]], bool] = _accepts_nothing
    needs_key: bool = True


@attrs.frozen
class Lent:
    """What of an asset can be borrowed now; None with the reason when that is not known."""

    asset: str
    amount: Decimal | None
    why_not: str = ""


@attrs.frozen(kw_only=True)
class PairSeen:
    """What the venue says of a pair; ``lent`` is base and quote."""

    pair: PairBalances
    rules: SymbolRules
    tier: parse_account.Tier
    lent: tuple[Lent, Lent]


def rules_findings(rules: SymbolRules) -> tuple[Finding, ...]:
    """Return whether the pair can be traded on margin, and its filters."""
    symbol, instrument = rules.instrument.symbol, rules.instrument
    found = [
        ok(f"trading {symbol}", f"{symbol} is trading")
        if rules.is_trading
        else refused(
            f"trading {symbol}", f"{symbol} is not trading", "wait or choose another pair"
        ),
        ok(f"margin {symbol}", f"{symbol} is a margin pair")
        if rules.is_margin
        else refused(f"margin {symbol}", f"{symbol} is no margin pair", "choose another"),
    ]
    facts = (
        f"tick {decimals.text(instrument.tick_size)}, step {decimals.text(instrument.step_size)}, "
        f"least quantity {instrument.quantity_min}, least value {instrument.notional_min}"
    )
    stop = "STOP_LOSS" if "STOP_LOSS" in rules.order_types else "STOP_LOSS_LIMIT"
    return (*found, ok(f"filters {symbol}", f"{facts}; stops rest as {stop}"))


def orders_finding(symbol: Symbol, count: int) -> Finding:
    """Return whether orders rest on the pair."""
    if not count:
        return ok(f"orders {symbol}", "no open orders")
    advice = "entries need a pair without open orders: cancel those that are yours"
    seen = f"{count} open order{'s' if count > 1 else ''}"
    return warning(f"orders {symbol}", seen, advice)


def pair_findings(seen: PairSeen, wanted: Wanted) -> tuple[Finding, ...]:
    """Return side, debt, tiers and liquidation of a pair, and what a position would need."""
    pair, symbol = seen.pair, seen.pair.symbol
    tradable = (
        ok(f"tradable {symbol}", f"{symbol} is enabled")
        if pair.is_tradable
        else refused(
            f"tradable {symbol}", f"{symbol} is disabled on the account", "enable it there"
        )
    )
    return (
        tradable,
        _position(pair, seen.rules),
        _debt(pair),
        _leverage(seen),
        _liquidation(pair),
        *_entry_findings(seen, wanted),
    )


def _position(pair: PairBalances, rules: SymbolRules) -> Finding:
    name, net, instrument = f"position {pair.symbol}", pair.base.net, rules.instrument
    held = instrument.round_qty_down(decimals.absolute(net))
    is_dust = not held or (
        pair.index_price is not None and not instrument.is_tradable(held, pair.index_price)
    )
    if is_dust:
        return ok(name, "flat")
    side = "long or collateral" if net > 0 else "short"
    advice = "entries need a flat pair: unless it is Robson's own, close it or transfer it away"
    return warning(name, f"{side}: {shown(net)} {pair.base.asset} net", advice)


def _debt(pair: PairBalances) -> Finding:
    name = f"debt {pair.symbol}"
    owed = [f"{shown(each.debt)} {each.asset}" for each in (pair.base, pair.quote) if each.debt]
    if not owed:
        return ok(name, "owes nothing")
    advice = "entries need a pair without debt: unless it is Robson's own, repay it"
    return warning(name, f"owes {' and '.join(owed)}", advice)


def _leverage(seen: PairSeen) -> Finding:
    tier, symbol = seen.tier, seen.pair.symbol
    if tier.level == 0:
        advice = "until they can be, entries are kept to what is owned: ask again"
        return warning(f"leverage {symbol}", "the tiers could not be read", advice)
    return ok(
        f"leverage {symbol}",
        f"tier {tier.level}: up to {decimals.text(tier.leverage)} times, liquidated at assets "
        f"{decimals.text(tier.liquidation_level)} times the debt, at most "
        f"{shown(tier.base_max)} {symbol.base} or {shown(tier.quote_max)} {symbol.quote} lent",
    )


def _liquidation(pair: PairBalances) -> Finding:
    name = f"liquidation {pair.symbol}"
    if pair.liquidation_price is None or pair.index_price is None:
        return ok(name, "no liquidation price")
    index, price = pair.index_price.value, pair.liquidation_price.value
    distance = decimals.div(decimals.absolute(decimals.sub(index, price)), index)
    text = f"liquidation at {shown(price)}, {_percent(distance)} % from the index price"
    return ok(name, text) if distance >= _NEAR else warning(name, text, "add collateral or reduce")


def _percent(ratio: Decimal) -> str:
    return shown(decimals.mul(ratio, _HUNDRED), 2)


# -------------------------------------------------------------------- a position of the cap


@attrs.frozen(kw_only=True)
class _Case:
    """A position of the wanted size, at the index price.

    Attributes:
        there: What backs the pair now, quote currency.
        needed: What must back it.
    """

    symbol: Symbol
    quantity: Decimal
    value: Decimal
    price: Decimal
    there: Decimal
    needed: Decimal
    level: Decimal

    @property
    def said(self) -> str:
        return f"a position of {shown(self.value, 2)} {self.symbol.quote}"

    @property
    def backing(self) -> Decimal:
        """What would back it: what is there, once what is missing was added."""
        return max(self.there, self.needed)


def _entry_findings(seen: PairSeen, wanted: Wanted) -> tuple[Finding, ...]:
    index = seen.pair.index_price
    if index is None:
        advice = "ask again; without it nobody can say what a position would need"
        return (warning(f"size {seen.pair.symbol}", "the venue says no index price", advice),)
    case = _case(seen, wanted, index)
    return (
        _size(case, seen.rules, wanted),
        _collateral(case),
        *_loans(case, seen.lent),
        _liquidation_of(case),
    )


def _case(seen: PairSeen, wanted: Wanted, index: Price) -> _Case:
    price = index.value
    quantity = seen.rules.instrument.round_qty_down(decimals.div(wanted.position_value, price))
    whole = max(decimals.ONE, Decimal(decimals.floor_div(seen.tier.leverage, decimals.ONE)))
    value = decimals.mul(quantity.value, price)
    return _Case(
        symbol=seen.pair.symbol,
        quantity=quantity.value,
        value=value,
        price=price,
        there=collateral(seen.pair),
        needed=decimals.div(value, min(_LEVERAGE_MAX, whole)),
        level=seen.tier.liquidation_level,
    )


def _size(case: _Case, rules: SymbolRules, wanted: Wanted) -> Finding:
    name, instrument = f"size {case.symbol}", rules.instrument
    least = decimals.mul(instrument.notional_min.value, _EXIT_ROOM)
    cap = f"{shown(wanted.position_value, 2)} {case.symbol.quote}"
    seen = f"at most {shown(case.quantity)} {case.symbol.base} for {cap}"
    if case.value and case.value >= least and case.quantity >= instrument.quantity_min.value:
        return ok(name, seen)
    more = f"{seen}, and an exit needs {shown(least)} {case.symbol.quote}"
    return refused(name, more, "raise ROBSON_LIVE_POSITION_CAP or choose another pair")


def _collateral(case: _Case) -> Finding:
    name, asset = f"collateral {case.symbol}", case.symbol.quote
    seen = f"{shown(case.there)} {asset} back the pair; {case.said} needs {shown(case.needed)}"
    missing = decimals.sub(case.needed, case.there)
    if missing <= 0:
        return ok(name, seen)
    return refused(name, seen, f"{shown(missing)} {asset} are missing: transfer them to the pair")


def _loans(case: _Case, lent: tuple[Lent, Lent]) -> tuple[Finding, ...]:
    base, quote = lent
    debt = max(decimals.ZERO, decimals.sub(case.value, case.backing))
    return (_loan(case, base, "short", case.quantity), _loan(case, quote, "long", debt))


def _loan(case: _Case, lent: Lent, side: str, needed: Decimal) -> Finding:
    name, asset = f"borrow {case.symbol} {lent.asset}", lent.asset
    wait = "add collateral, wait for the pool, or trade less"
    if lent.amount is None:
        seen = f"{asset} cannot be borrowed now: {lent.why_not}"
        return warning(name, seen, wait) if needed else ok(name, f"{seen}; none is needed")
    seen = f"{shown(lent.amount)} {asset} can be borrowed; {side}, {case.said} "
    seen += f"borrows {shown(needed)}" if needed else "borrows none"
    return ok(name, seen) if lent.amount >= needed else warning(name, seen, wait)


def _liquidation_of(case: _Case) -> Finding:
    """Estimate how far liquidation would be, the nearer of both sides."""
    name = f"distance {case.symbol}"
    if not case.quantity:
        return ok(name, "no position, no liquidation")
    short = decimals.div(
        decimals.add(case.backing, case.value), decimals.mul(case.level, case.quantity)
    )
    distance = decimals.sub(decimals.div(short, case.price), decimals.ONE)
    debt = decimals.sub(case.value, case.backing)
    if debt > 0:
        long = decimals.div(decimals.mul(case.level, debt), case.quantity)
        below = decimals.sub(decimals.ONE, decimals.div(long, case.price))
        distance = min(distance, below)
    seen = f"{case.said} would be liquidated about {_percent(distance)} % away"
    if distance >= _WIDEST:
        return ok(name, seen)
    widest = _percent(max(decimals.ZERO, decimals.div(distance, _STOP_SHARE)))
    return warning(name, seen, f"add collateral: until then a stop wider than {widest} % is denied")
