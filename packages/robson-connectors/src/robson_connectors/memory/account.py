"""One pair's account at the memory venue."""

from __future__ import annotations

from decimal import Decimal

from robson_domain import decimals
from robson_domain.symbols import Symbol


class Account:
    """What one pair holds, net; below zero it is owed and repays itself.

    Attributes:
        base: Net base asset.
        quote: Net quote asset.
    """

    def __init__(self, symbol: Symbol, quote: Decimal) -> None:
        self.base = decimals.ZERO
        self.quote = quote
        self._symbol = symbol
        self._owed: dict[str, Decimal] = {}

    def add(self, asset: str, amount: Decimal) -> None:
        """Let ``amount`` of an asset come in, or go out with a minus."""
        if asset == self._symbol.base:
            self.base = decimals.add(self.base, amount)
        else:
            self.quote = decimals.add(self.quote, amount)

    def owe(self, asset: str, amount: Decimal) -> None:
        """Change by ``amount`` what is owed of an asset until it is paid back."""
        self._owed[asset] = decimals.add(self.owed(asset), amount)

    def owed(self, asset: str) -> Decimal:
        """Return what stays owed of an asset until it is paid back."""
        return self._owed.get(asset, decimals.ZERO)

    def debt(self, asset: str) -> Decimal:
        """Return everything that is owed of an asset."""
        return decimals.add(decimals.neg(min(decimals.ZERO, self._net(asset))), self.owed(asset))

    def free(self, asset: str) -> Decimal:
        """Return what is there of an asset, debt that stays included."""
        total = decimals.add(self._net(asset), self.owed(asset))
        return max(decimals.ZERO, total)

    def _net(self, asset: str) -> Decimal:
        return self.base if asset == self._symbol.base else self.quote
