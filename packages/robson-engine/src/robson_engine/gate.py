"""The risk gate: the only place that can make an approval.

``Approved`` cannot be constructed elsewhere, so an entry that was not checked does not
type-check and does not run. Limits are inclusive and checked in the order of their codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from robson_domain import (
    Denial,
    DenialCode,
    InvariantError,
    Money,
    Notional,
    Quantity,
    RiskLimits,
    Symbol,
    decimals,
)
from robson_engine.config import SECOND_NS
from robson_engine.exposure import Exposure

_HUNDRED: Final = Decimal(100)
_KEY: Final = object()
"""Held by this module alone; see :class:`Approved`."""


@attrs.frozen(kw_only=True)
class EntryRequest:
    """An entry as it would be sent.

    Attributes:
        loss_at_stop: What it loses if stopped at its first stop, quote currency.
        notional: Its value at the signal price, quote currency.
        now: Input time of the decision, UTC ns.
        drawdown_fraction: The position's own limit; the tighter of it and the account's counts.
    """

    symbol: Symbol
    quantity: Quantity
    notional: Notional
    loss_at_stop: Money
    now: int
    drawdown_fraction: Decimal


@attrs.frozen(kw_only=True)
class Approved:
    """Proof that an entry passed every check; only this module can make one."""

    request: EntryRequest
    checks: tuple[str, ...]
    key: object = attrs.field(repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.key is not _KEY:
            raise InvariantError("an approval can only come from the risk gate")


@attrs.frozen
class _Case:
    entry: EntryRequest
    exposure: Exposure

    @property
    def limits(self) -> RiskLimits:
        return self.exposure.ledger.limits

    @property
    def capital(self) -> Decimal:
        return self.exposure.ledger.capital.value

    @property
    def worst_case(self) -> Decimal:
        """Loss at stop of everything open or unresolved and of this one."""
        return decimals.add(self.exposure.loss_at_stop.value, self.entry.loss_at_stop.value)


Check = Callable[[_Case], str | None]


def _shown(amount: Decimal) -> str:
    return decimals.text(decimals.rounded(amount, 2))


def _open_positions(case: _Case) -> str | None:
    allowed = case.limits.max_open_positions
    if case.exposure.open_positions < allowed:
        return None
    return f"Max open positions reached: {case.exposure.open_positions} of {allowed} are open"


def _symbol_budget(case: _Case) -> str | None:
    percent = case.limits.max_budget_per_symbol_pct
    if percent is None:
        return None
    budget = decimals.div(decimals.mul(case.capital, percent), _HUNDRED)
    wanted = case.exposure.notional_in(case.entry.symbol) + case.entry.notional
    if wanted.value <= budget:
        return None
    return (
        f"Symbol budget exceeded: {_shown(wanted.value)} in {case.entry.symbol}, "
        f"allowed are {_shown(budget)}"
    )


def _position_size(case: _Case) -> str | None:
    allowed = case.limits.max_position_size_usd
    if allowed is None or case.entry.notional.value <= allowed:
        return None
    return (
        f"Position size too large: {_shown(case.entry.notional.value)}, "
        f"allowed are {_shown(allowed)}"
    )


def _daily_loss(case: _Case) -> str | None:
    limit = decimals.mul(case.capital, case.limits.daily_loss_fraction)
    realized = case.exposure.ledger.realized_on(case.entry.now)
    could_lose = decimals.sub(case.worst_case, realized.value)
    if could_lose <= limit:
        return None
    return (
        f"Daily loss limit reached: the day could end {_shown(could_lose)} down, "
        f"allowed are {_shown(limit)}"
    )


def _total_risk(case: _Case) -> str | None:
    limit = decimals.mul(case.capital, case.limits.total_risk_fraction)
    if case.worst_case <= limit:
        return None
    return (
        f"Total open risk too high: {_shown(case.worst_case)} could be lost at the stops, "
        f"allowed are {_shown(limit)}"
    )


def _drawdown(case: _Case) -> str | None:
    ledger = case.exposure.ledger
    fraction = min(case.limits.drawdown_fraction, case.entry.drawdown_fraction)
    limit = decimals.mul(ledger.peak_equity.value, fraction)
    equity = decimals.sub(ledger.equity.value, case.worst_case)
    fall = decimals.sub(ledger.peak_equity.value, equity)
    if fall <= limit:
        return None
    return (
        f"Maximum drawdown reached: equity could fall {_shown(fall)} below its peak, "
        f"allowed are {_shown(limit)}"
    )


def _notional(case: _Case) -> str | None:
    limit = decimals.mul(case.capital, case.limits.notional_multiple)
    wanted = case.exposure.notional + case.entry.notional
    if wanted.value <= limit:
        return None
    return f"Total notional too large: {_shown(wanted.value)}, allowed are {_shown(limit)}"


def _order_rate(case: _Case) -> str | None:
    since = case.entry.now - 60 * SECOND_NS
    recent = sum(1 for ts in case.exposure.ledger.entries if ts > since)
    allowed = case.limits.entries_per_minute
    if recent < allowed:
        return None
    return f"Too many entries: {recent} within the last minute, allowed are {allowed}"


def _symbol_allowed(case: _Case) -> str | None:
    allowed = case.limits.symbols_allowed
    if allowed is None or case.entry.symbol in allowed:
        return None
    return f"Symbol not allowed: {case.entry.symbol} is not on the list of allowed pairs"


CHECKS: Final[dict[DenialCode, Check]] = {
    DenialCode.MAX_OPEN_POSITIONS: _open_positions,
    DenialCode.SYMBOL_BUDGET: _symbol_budget,
    DenialCode.POSITION_TOO_LARGE: _position_size,
    DenialCode.DAILY_LOSS: _daily_loss,
    DenialCode.TOTAL_RISK: _total_risk,
    DenialCode.DRAWDOWN: _drawdown,
    DenialCode.NOTIONAL: _notional,
    DenialCode.ORDER_RATE: _order_rate,
    DenialCode.SYMBOL_NOT_ALLOWED: _symbol_allowed,
}
"""Every limit in the order in which it is checked."""


def check(entry: EntryRequest, exposure: Exposure) -> Approved | Denial:
    """Return the approval of ``entry``, or the first limit of the ledger it would break."""
    case = _Case(entry, exposure)
    denial = next(_denials(case), None)
    if denial is not None:
        return denial
    return Approved(request=entry, checks=tuple(code.value for code in CHECKS), key=_KEY)


def _denials(case: _Case) -> Iterator[Denial]:
    for code, rule in CHECKS.items():
        message = rule(case)
        if message is not None:
            yield Denial(code, message)
