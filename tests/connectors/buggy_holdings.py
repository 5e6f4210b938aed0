"""Reading the whole account with one planted bug each: the Safety Net led astray.

Each is a real connector whose holdings have one method spoiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs

from robson_connectors.memory import MemoryConnector, MemoryHoldings
from robson_domain.errors import RetryableVenueError, VenueError
from robson_domain.holdings import AccountTrade, AssetBalance, PairBalances, RestingOrder
from robson_domain.identity import TradeId
from robson_domain.symbols import OrderSide, Symbol


class _Spoiled(MemoryConnector):
    Holdings: ClassVar[type[MemoryHoldings]] = MemoryHoldings

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.holdings = self.Holdings(self._calls, self.book)


def _empty(symbol: Symbol) -> PairBalances:
    base, quote = AssetBalance(asset=symbol.base), AssetBalance(asset=symbol.quote)
    return PairBalances(symbol=symbol, base=base, quote=quote, ts_event=1, ts_received=1)


class FailedPairsAreNone(_Spoiled):
    """No answer is an account without pairs: nothing is protected any more."""

    class Holdings(MemoryHoldings):
        async def pairs(self) -> tuple[PairBalances, ...]:
            try:
                return await super().pairs()
            except RetryableVenueError:
                return ()


class FailedPairIsEmpty(_Spoiled):
    """No answer is a pair without anything in it."""

    class Holdings(MemoryHoldings):
        async def pair(self, symbol: Symbol) -> PairBalances:
            try:
                return await super().pair(symbol)
            except RetryableVenueError:
                return _empty(symbol)


class UnknownPairIsEmpty(_Spoiled):
    """A pair that is not there is a pair without anything in it."""

    class Holdings(MemoryHoldings):
        async def pair(self, symbol: Symbol) -> PairBalances:
            try:
                return await super().pair(symbol)
            except VenueError as error:
                if isinstance(error, RetryableVenueError):
                    raise
                return _empty(symbol)


class HoldsNothing(_Spoiled):
    """Reads the wrong field of what is held."""

    class Holdings(MemoryHoldings):
        async def pair(self, symbol: Symbol) -> PairBalances:
            found = await super().pair(symbol)
            return attrs.evolve(found, base=AssetBalance(asset=found.base.asset))


class SwapsTheAssets(_Spoiled):
    """Takes quote for base."""

    class Holdings(MemoryHoldings):
        async def pairs(self) -> tuple[PairBalances, ...]:
            found = await super().pairs()
            return tuple(attrs.evolve(each, base=each.quote, quote=each.base) for each in found)


class HidesWhatIsBorrowed(_Spoiled):
    """Shows what is held and not what is owed."""

    class Holdings(MemoryHoldings):
        async def pair(self, symbol: Symbol) -> PairBalances:
            found = await super().pair(symbol)
            return attrs.evolve(found, base=attrs.evolve(found.base, borrowed=0))


class EverythingWasBought(_Spoiled):
    """Does not read the side of an execution."""

    class Holdings(MemoryHoldings):
        async def trades(self, symbol: Symbol, after: TradeId | None) -> tuple[AccountTrade, ...]:
            found = await super().trades(symbol, after)
            return tuple(attrs.evolve(each, side=OrderSide.BUY) for each in found)


class HidesThePerson(_Spoiled):
    """Shows its own resting orders and nobody else's."""

    class Holdings(MemoryHoldings):
        async def resting_orders(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
            found = await super().resting_orders(symbol)
            return tuple(each for each in found if each.client_order_id.startswith("robson"))


class NeverHints(_Spoiled):
    """Takes subscribers and forgets them."""

    class Holdings(MemoryHoldings):
        def subscribe_hints(self, sink: Callable[[Symbol], None]) -> None:
            return None


class LocksNothing(_Spoiled):
    """Shows what a resting order holds as free."""

    class Holdings(MemoryHoldings):
        async def pair(self, symbol: Symbol) -> PairBalances:
            found = await super().pair(symbol)
            base = attrs.evolve(found.base, free=found.base.held, locked=0)
            return attrs.evolve(found, base=base)


class StopsHaveNoPrice(_Spoiled):
    """Does not read where a stop waits."""

    class Holdings(MemoryHoldings):
        async def resting_orders(self, symbol: Symbol) -> tuple[RestingOrder, ...]:
            found = await super().resting_orders(symbol)
            return tuple(attrs.evolve(each, stop_price=None) for each in found)
