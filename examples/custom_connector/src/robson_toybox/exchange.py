"""The pretended server of the Toybox exchange: a spot market for ACMEUSDT.

Replace this module by your venue's client. What it returns is what came over the wire: plain
dictionaries, numbers as text.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

Message = dict[str, Any]

PAIR = "ACMEUSDT"
STEP = Decimal("0.001")
VALUE_MIN = Decimal(5)
FEE_RATE = Decimal("0.001")


class Busy(Exception):
    """The server turned a request away without reading it."""


class NoAnswer(Exception):
    """Nobody can say whether the request arrived: a time-out, a cut line, an error page."""


class ToyboxExchange:
    """Coins, cash and orders of one account, and the public tape.

    Attributes:
        troubles: What goes wrong, by the name of the request: ``busy``, ``request lost`` or
            ``answer lost``.
    """

    def __init__(self, now_ms: Callable[[], int], cash: Decimal) -> None:
        self.tape: list[Message] = []
        self.listeners: list[Callable[[Message], None]] = []
        self.troubles: dict[str, str] = {}
        self._now_ms = now_ms
        self._cash = cash
        self._coins = Decimal(0)
        self._orders: list[Message] = []
        self._fills = 0

    def call(self, name: str, *arguments: object) -> Any:
        """Send the request ``name`` and return its answer.

        Raises:
            Busy: Nothing was read.
            NoAnswer: It may have been carried out.
        """
        trouble = self.troubles.get(name, "")
        if trouble == "busy":
            raise Busy
        if trouble == "request lost":
            raise NoAnswer
        answer = getattr(self, name)(*arguments)
        if trouble == "answer lost":
            raise NoAnswer
        return answer

    def print_trade(self, price: str, size: str) -> None:
        """Let two strangers trade."""
        trade = {
            "no": len(self.tape) + 1,
            "pair": PAIR,
            "price": price,
            "size": size,
            "ms": self._now_ms(),
        }
        self.tape.append(trade)
        for listener in tuple(self.listeners):
            listener(trade)

    def time(self) -> int:
        """Return the server's time, ms."""
        return self._now_ms()

    def pairs(self) -> list[Message]:
        """Return what is traded."""
        return [{"pair": PAIR, "tick": "0.01", "step": str(STEP), "min_value": str(VALUE_MIN)}]

    def place(self, pair: str, side: str, size: str, ref: str) -> Message:
        """Execute a market order at the last price, or refuse it."""
        problem = self._problem(pair, side, Decimal(size))
        if problem:
            return {"error": problem}
        price, quantity = Decimal(self.tape[-1]["price"]), Decimal(size)
        value = price * quantity
        sign = 1 if side == "buy" else -1
        self._coins += sign * quantity
        self._cash -= sign * value + value * FEE_RATE
        self._fills += 1
        fill = {
            "no": self._fills,
            "ref": ref,
            "price": str(price),
            "size": size,
            "fee": f"{value * FEE_RATE:f}",
            "ms": self._now_ms(),
        }
        order = {"no": len(self._orders) + 1, "ref": ref, "state": "done", "fills": [fill]}
        self._orders.append(order)
        return order

    def _problem(self, pair: str, side: str, size: Decimal) -> str:
        if pair != PAIR:
            return "no_such_pair"
        if not self.tape:
            return "market_closed"
        value = size * Decimal(self.tape[-1]["price"])
        if size % STEP:
            return "bad_size"
        if value < VALUE_MIN:
            return "too_small"
        if side == "sell":
            return "no_coins" if size > self._coins else ""
        return "no_cash" if value * (1 + FEE_RATE) > self._cash else ""

    def order(self, ref: str) -> Message:
        """Return the newest order with this reference."""
        for order in reversed(self._orders):
            if order["ref"] == ref:
                return order
        return {"error": "no_such_order"}

    def open(self) -> list[Message]:
        """Return the orders that rest: none ever does."""
        return []

    def trades(self, after: int) -> list[Message]:
        """Return the tape after number ``after``."""
        return self.tape[after:]

    def fills(self, after: int) -> list[Message]:
        """Return the account's executions after number ``after``."""
        found = [fill for order in self._orders for fill in order["fills"]]
        return [fill for fill in found if fill["no"] > after]

    def balance(self) -> Message:
        """Return what the account holds."""
        return {"coins": f"{self._coins:f}", "cash": f"{self._cash:f}", "ms": self._now_ms()}
