"""What is traded and which way."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final

from robson_domain.errors import ValidationError

_PATTERN: Final = re.compile(r"[A-Za-z0-9]{5,24}")
_SEPARATED: Final = re.compile(r"([A-Za-z0-9]+)[/_-]([A-Za-z0-9]+)")
QUOTE_ASSETS: Final = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "USD",
    "EUR", "BRL", "TRY", "GBP", "JPY", "BTC", "ETH", "BNB",
)  # fmt: skip
"""Assets prices are quoted in, most common first; the first that ends the symbol wins."""


class Symbol(str):
    """A traded pair such as ``BTCUSDT``: a string that knows its base and quote asset.

    Lower case and one separator ``/``, ``-`` or ``_`` are accepted and normalized.

    Raises:
        ValidationError: When the text is no pair with a known quote asset, or when its separator
            stands elsewhere than between base and quote as they will be read back.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Symbol:
        if isinstance(name, Symbol):
            return name
        plain = _plain(name) if isinstance(name, str) else ""
        if not plain:
            raise ValidationError("symbol", f"{str(name)[:40]!r} is not a pair such as BTCUSDT")
        return super().__new__(cls, plain)

    @property
    def quote(self) -> str:
        """Asset the price is expressed in, e.g. ``USDT``."""
        return _quote_of(self)

    @property
    def base(self) -> str:
        """Asset that is bought and sold, e.g. ``BTC``."""
        return str(self)[: len(self) - len(self.quote)]


def _plain(name: str) -> str:
    # Matched before upper-casing: there are foreign letters whose upper case is ASCII.
    parts = _SEPARATED.fullmatch(name)
    text = parts.group(1) + parts.group(2) if parts else name
    if not _PATTERN.fullmatch(text):
        return ""
    plain = text.upper()
    quote = _quote_of(plain)
    is_split_right = parts is None or parts.group(2).upper() == quote
    return plain if quote and is_split_right else ""


@lru_cache(maxsize=4096)  # asked at every fill and check of an order; a venue has some 2,000 pairs
def _quote_of(name: str) -> str:
    quote = next((asset for asset in QUOTE_ASSETS if name.endswith(asset)), "")
    # An asset alone is no pair: FDUSD is not FD against USD.
    return quote if quote != name else ""


class OrderSide(StrEnum):
    """Side of an order; positions have a :class:`Side`."""

    BUY = "BUY"
    SELL = "SELL"


class Side(StrEnum):
    """Direction of a position."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Side.LONG else -1

    @property
    def entry_side(self) -> OrderSide:
        """Side of the order that opens."""
        return OrderSide.BUY if self is Side.LONG else OrderSide.SELL

    @property
    def exit_side(self) -> OrderSide:
        """Side of the order that closes."""
        return OrderSide.SELL if self is Side.LONG else OrderSide.BUY

    @classmethod
    def parse(cls, word: str) -> Side:
        """Return the side named by ``long``/``short`` in any case.

        Raises:
            ValidationError: For any other word.
        """
        try:
            return cls(word.upper())
        except ValueError:
            raise ValidationError("side", f"{word[:20]!r} is neither long nor short") from None
