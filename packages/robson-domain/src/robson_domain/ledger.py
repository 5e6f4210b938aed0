"""The account-wide figures the risk gate needs, derived from events only."""

from __future__ import annotations

from typing import Final

import attrs

from robson_domain.protection import PairRule, SafetyNetMode
from robson_domain.risk_limits import RiskLimits
from robson_domain.symbols import Symbol
from robson_domain.values import ZERO_MONEY, Money

DAY_NS: Final = 86_400_000_000_000


@attrs.frozen(kw_only=True, weakref_slot=False)
class Ledger:
    """Running totals over all positions.

    Attributes:
        capital: Risk capital of the account, quote currency.
        limits: What the risk gate allows.
        realized_total: Realized PnL since the start of the log, quote currency.
        realized_today: Of it, realized on UTC day ``day``.
        day: Days since 1970-01-01 UTC of the last realized PnL.
        peak_equity: Highest capital + realized PnL seen; what was put in or taken out since
            moved it along.
        safety_net: What the Safety Net may do.
        rules: What the person wants done with pairs, where that is not to watch them.
        quarantined: Pairs on which account and log contradict each other, with the problem.
        another_robson: Order id of a Robson that this database does not know; empty = none seen.
        entries: Input times of recent entry intents, UTC ns, ascending.
        sequence: Sequence of the last event in the log.
    """

    capital: Money
    peak_equity: Money
    limits: RiskLimits = RiskLimits()
    realized_total: Money = ZERO_MONEY
    realized_today: Money = ZERO_MONEY
    day: int = 0
    safety_net: SafetyNetMode = SafetyNetMode.OBSERVE
    rules: tuple[tuple[Symbol, PairRule], ...] = ()
    quarantined: tuple[tuple[Symbol, str], ...] = ()
    another_robson: str = ""
    entries: tuple[int, ...] = ()
    sequence: int = 0

    @classmethod
    def opening(cls, capital: Money, limits: RiskLimits | None = None) -> Ledger:
        """Return the ledger of an account before its first event.

        Args:
            limits: What the risk gate allows, None for the plain limits.
        """
        return cls(capital=capital, peak_equity=capital, limits=limits or RiskLimits())

    @property
    def equity(self) -> Money:
        """Capital plus realized PnL, quote currency."""
        return self.capital + self.realized_total

    def rule_of(self, symbol: Symbol) -> PairRule:
        """Return what the person wants done with what they hold on a pair."""
        return dict(self.rules).get(symbol, PairRule.WATCH)

    def realized_on(self, ts: int) -> Money:
        """Return what was realized on the UTC day of ``ts`` (ns)."""
        return self.realized_today if ts // DAY_NS == self.day else ZERO_MONEY
