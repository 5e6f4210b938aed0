"""Debt and paying it back with one planted bug each: a position that is never settled.

Each is a real connector whose lending side has one method spoiled.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

import attrs

from robson_connectors.memory import MemoryConnector, MemoryLending
from robson_domain.errors import DefinitiveVenueError, InDoubtError, RetryableVenueError
from robson_domain.ports.lending import Debt
from robson_domain.symbols import Side, Symbol


class _Spoiled(MemoryConnector):
    Lending: ClassVar[type[MemoryLending]] = MemoryLending

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lending = self.Lending(self._calls, self.book)


class LongsOweBase(_Spoiled):
    """Asks for the wrong asset."""

    class Lending(MemoryLending):
        async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
            other = Side.SHORT if side is Side.LONG else Side.LONG
            return await super().debt(symbol, other, since)


class RepaysEverything(_Spoiled):
    """Does not pass the amount on."""

    class Lending(MemoryLending):
        async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
            await super().repay(symbol, asset, self._book.account(symbol).owed(asset))


class SwallowsRefusedRepayments(_Spoiled):
    """Takes every repayment for booked."""

    class Lending(MemoryLending):
        async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
            try:
                await super().repay(symbol, asset, amount)
            except DefinitiveVenueError:
                return


class RepaysAgainInDoubt(_Spoiled):
    """Takes a lost answer for a lost repayment."""

    class Lending(MemoryLending):
        async def repay(self, symbol: Symbol, asset: str, amount: Decimal) -> None:
            try:
                await super().repay(symbol, asset, amount)
            except InDoubtError:
                await super().repay(symbol, asset, amount)
                raise


class NoAnswerIsNoDebt(_Spoiled):
    """Takes a failed question for nothing owed: the position is closed, the interest goes on."""

    class Lending(MemoryLending):
        async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
            try:
                return await super().debt(symbol, side, since)
            except RetryableVenueError:
                none = dict.fromkeys(("amount", "free", "interest"), 0)
                asset = symbol.quote if side is Side.LONG else symbol.base
                return Debt(asset=asset, ts_event=1, ts_received=1, **none)


class UnknownPairsOweNothing(_Spoiled):
    """Takes a pair that is not there for one without debt."""

    class Lending(MemoryLending):
        async def debt(self, symbol: Symbol, side: Side, since: int) -> Debt:
            known = next(iter(self._book.instruments))
            pair = symbol if symbol in self._book.instruments else known
            return attrs.evolve(await super().debt(pair, side, since))
