"""The memory venue's lending side: debt that a test lets the account have."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_connectors.memory.book import Book
from robson_connectors.memory.calls import Calls
from robson_connectors.memory.faults import FaultKind, Operation
from robson_domain import decimals
from robson_domain.errors import DefinitiveVenueError
from robson_domain.ports.lending import Debt
from robson_domain.symbols import Side, Symbol


@attrs.frozen
class _Charge:
    symbol: Symbol
    asset: str
    amount: Decimal
    ts: int


class MemoryLending:
    """Debt that stays until it is paid back, as where an automatic repayment did not happen."""

    def __init__(self, calls: Calls, book: Book) -> None:
        self._calls = calls
        self._book = book
        self._charges: list[_Charge] = []

    def owe(
        self, symbol: Symbol, asset: str, amount: Decimal, interest: Decimal = decimals.ZERO
    ) -> None:
        """Let the pair owe ``amount`` more, which is there free, and ``interest``, which is not."""
        account = self._book.account(symbol)
        account.owe(asset, decimals.add(amount, interest))
        account.add(asset, decimals.neg(interest))
        if interest:
            now = self._calls.clock.now_ns()
            self._charges.append(_Charge(symbol, asset, interest, now))

    async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
        """Return what a position of ``side`` owes, with the interest since.

        Raises:
            DefinitiveVenueError: For a pair that is not traded here.
            RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.DEBT)
        account, now = self._book.account(symbol), self._calls.clock.now_ns()
        asset = symbol.quote if side is Side.LONG else symbol.base
        charged = [
            each.amount
            for each in self._charges
            if (each.symbol, each.asset) == (symbol, asset) and each.ts >= since
        ]
        found = Debt(
            asset=asset,
            amount=account.owed(asset),
            free=account.free(asset),
            interest=decimals.total(charged),
            ts_event=now,
            ts_received=now,
        )
        return await self._calls.answer(Operation.DEBT, fault, found)

    async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
        """Pay back ``amount`` of ``asset``.

        Raises:
            DefinitiveVenueError: More than is owed or free, nothing, or as scripted.
            InDoubtError, RetryableVenueError: As scripted.
        """
        fault = self._calls.struck(Operation.REPAY)
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise DefinitiveVenueError("refused by script", fault.code)
        account = self._book.account(symbol)
        if amount <= 0:
            raise DefinitiveVenueError("nothing is no repayment", "AMOUNT_BELOW_MIN")
        if amount > account.owed(asset):
            raise DefinitiveVenueError("more than is owed", "EXCEEDS_DEBT")
        if amount > account.free(asset):
            raise DefinitiveVenueError("more than is free", "INSUFFICIENT_BALANCE")
        account.owe(asset, decimals.neg(amount))
        await self._calls.answer(Operation.REPAY, fault, None)
