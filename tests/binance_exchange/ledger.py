"""Accounts and what they owe: borrow, interest, repay, margin level, records of all of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from tests.binance_exchange.model import Account, Balance
from tests.binance_exchange.pairs import Pair
from tests.binance_exchange.wire import SATOSHI, ZERO, ApiError, down8, up8

HOURS: Final = 24
NO_DEBT_LEVEL: Final = Decimal(999)
CROSS_LEVERAGE: Final = Decimal(3)
LEVELS: Final = (
    (Decimal("2"), "EXCESSIVE"),
    (Decimal("1.25"), "NORMAL"),
    (Decimal("1.1"), "MARGIN_CALL"),
)


@attrs.frozen(kw_only=True)
class Loan:
    """One borrow or repay record. ``kind`` is BORROW or REPAY, ``how`` AUTO or MANUAL."""

    id: int
    symbol: str | None
    asset: str
    kind: str
    how: str
    principal: Decimal
    interest: Decimal
    time: int


@attrs.frozen(kw_only=True)
class InterestCharge:
    """One hour's interest."""

    id: int
    symbol: str | None
    asset: str
    principal: Decimal
    interest: Decimal
    daily_rate: Decimal
    kind: str
    time: int


@attrs.frozen(kw_only=True)
class Liquidation:
    """One forced close."""

    order_id: int
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    time: int


@attrs.define(kw_only=True)
class LendingPool:
    """What the lender has: an asset missing here is not limited."""

    left: dict[str, Decimal] = attrs.field(factory=dict)
    banned: set[str] = attrs.field(factory=set)


def hourly_interest(principal: Decimal, daily_rate: Decimal) -> Decimal:
    """Return one hour's interest on ``principal``, in the asset, raised to eight decimals."""
    return up8(principal * daily_rate / HOURS)


class Ledger:
    """The arithmetic of debt over accounts that the venue owns."""

    def __init__(self) -> None:
        self.pool = LendingPool()
        self.loans: list[Loan] = []
        self.charges: list[InterestCharge] = []
        self.liquidations: list[Liquidation] = []
        self._next_id = 100_000_001

    def next_id(self) -> int:
        """Return a transaction number that was never used."""
        self._next_id += 1
        return self._next_id - 1

    def borrow(
        self, account: Account, pair: Pair, asset: str, size: Decimal, *, now: int, how: str
    ) -> int:
        """Lend ``size`` and charge the first hour at once.

        Returns:
            The transaction number.

        Raises:
            ApiError: -3012, -3045 when the lender does not lend this now.
        """
        if asset in self.pool.banned or not account.borrow_enabled:
            raise ApiError(-3012, "Borrow is banned for this asset.")
        left = self.pool.left.get(asset)
        if left is not None and size > left:
            raise ApiError(-3045, "The system does not have enough asset now.")
        if left is not None:
            self.pool.left[asset] = left - size
        balance = account.of(asset)
        balance.free += size
        balance.borrowed += size
        number = self._keep(account, asset, "BORROW", how, parts=(size, ZERO), now=now)
        self._charge(account, pair, balance, principal=size, kind="ON_BORROW", now=now)
        return number

    def repay(self, account: Account, asset: str, size: Decimal, *, now: int, how: str) -> int:
        """Pay back ``size`` from free: interest first, then principal.

        Raises:
            ApiError: -3015 above the debt, -3016 for nothing, -3041 above the free balance.
        """
        balance = account.of(asset)
        if size < SATOSHI:
            raise ApiError(-3016, "The repay amount is below the minimum.")
        if size > balance.debt:
            raise ApiError(-3015, "Repay amount exceeds borrow amount.")
        if size > balance.free:
            raise ApiError(-3041, "Balance is not enough")
        interest = min(size, balance.interest)
        principal = size - interest
        balance.free -= size
        balance.interest -= interest
        balance.borrowed -= principal
        if asset in self.pool.left:
            self.pool.left[asset] += principal
        return self._keep(account, asset, "REPAY", how, parts=(principal, interest), now=now)

    def accrue(self, account: Account, pair: Pair, *, now: int) -> None:
        """Charge one hour on everything borrowed; unpaid interest itself bears none."""
        for balance in account.balances.values():
            if balance.borrowed > 0:
                self._charge(
                    account, pair, balance, principal=balance.borrowed, kind="PERIODIC", now=now
                )

    def _charge(
        self,
        account: Account,
        pair: Pair,
        balance: Balance,
        *,
        principal: Decimal,
        kind: str,
        now: int,
    ) -> None:
        rate = pair.daily_interest(balance.asset)
        charge = hourly_interest(principal, rate)
        balance.interest += charge
        self.charges.append(
            InterestCharge(
                id=self.next_id(),
                symbol=account.symbol,
                asset=balance.asset,
                principal=principal,
                interest=charge,
                daily_rate=rate,
                kind=kind,
                time=now,
            )
        )

    def _keep(
        self,
        account: Account,
        asset: str,
        kind: str,
        how: str,
        *,
        parts: tuple[Decimal, Decimal],
        now: int,
    ) -> int:
        number = self.next_id()
        self.loans.append(
            Loan(
                id=number,
                symbol=account.symbol,
                asset=asset,
                kind=kind,
                how=how,
                principal=parts[0],
                interest=parts[1],
                time=now,
            )
        )
        return number


def margin_level(account: Account, pair: Pair, index: Decimal) -> Decimal:
    """Return total assets over total debt, in quote at the index price; 999 without debt."""
    base, quote = account.of(pair.base), account.of(pair.quote)
    debt = base.debt * index + quote.debt
    if debt == 0:
        return NO_DEBT_LEVEL
    return (base.total * index + quote.total) / debt


def level_status(level: Decimal, pair: Pair) -> str:
    """Return the exchange's word for ``level``. The thresholds between are this project's."""
    if level <= pair.liquidation_ratio:
        return "FORCE_LIQUIDATION"
    for threshold, word in LEVELS:
        if level > threshold:
            return word
    return "PRE_LIQUIDATION"


def liquidation_price(account: Account, pair: Pair) -> Decimal:
    """Return the index price at which the account is liquidated; 0 when there is none."""
    base, quote = account.of(pair.base), account.of(pair.quote)
    ratio = pair.liquidation_ratio
    slope = base.total - ratio * base.debt
    if slope == 0 or (base.debt == 0 and quote.debt == 0):
        return ZERO
    return max(ZERO, (ratio * quote.debt - quote.total) / slope)


def max_borrowable(account: Account, pair: Pair, asset: str, index: Decimal) -> Decimal:
    """Return how much more of ``asset`` the account may borrow now, cut to eight decimals."""
    base, quote = account.of(pair.base), account.of(pair.quote)
    equity = base.net * index + quote.net
    leverage = pair.leverage if account.symbol is not None else CROSS_LEVERAGE
    room = equity * (leverage - 1) - (base.debt * index + quote.debt)
    in_asset = room / index if asset == pair.base else room
    left = pair.borrow_limit(asset) - account.of(asset).borrowed
    return max(ZERO, down8(min(in_asset, left)))
