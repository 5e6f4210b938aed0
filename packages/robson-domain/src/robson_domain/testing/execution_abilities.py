"""What a harness can do besides: make a venue misbehave, push, and let a person trade there.

Each is small, so that every venue has as many as it can. What a harness cannot do it names in
``without``, with the reason; cards that need it then leave it alone:

    without = {LossyHarness: "the account lives in this process: no answer can be lost"}

Market and account have some in common: one harness may serve both kinds of cards.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from robson_domain.identity import ClientOrderId
from robson_domain.instrument import Instrument
from robson_domain.ports.holdings import HoldingsPort
from robson_domain.ports.lending import LendingPort
from robson_domain.symbols import OrderSide
from robson_domain.values import Quantity


class Question(StrEnum):
    """What can be asked, as :meth:`FailingHarness.fail` names it."""

    ORDER = "order"
    OPEN_ORDERS = "open_orders"
    FILLS = "fills"
    ACCOUNT = "account"
    INSTRUMENT = "instrument"
    TRADES = "trades"
    BARS = "bars"
    PAIRS = "pairs"
    PAIR = "pair"
    ACCOUNT_TRADES = "account_trades"
    RESTING_ORDERS = "resting_orders"
    DEBT = "debt"


@runtime_checkable
class FailingHarness(Protocol):
    """Questions can be left without an answer."""

    def fail(self, question: Question) -> None:
        """Let no question of this kind get a usable answer until :meth:`mend`."""
        ...

    def mend(self) -> None:
        """Let everything go well again."""
        ...


@runtime_checkable
class LossyHarness(Protocol):
    """Sends can lose their answers."""

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of the ways in which nobody learns what became of a send.

        As many as the venue has: a time-out, a cut connection, 5xx, an answer nobody can read, a
        code that says "unknown".
        """
        ...

    def lose(self, loss: str, executed: bool) -> None:
        """Let the next order, cancel or repayment lose its answer; whether it is ``executed``."""
        ...

    def turn_away(self) -> None:
        """Let the next order be turned away unread, as by a rate limit."""
        ...

    def mend(self) -> None:
        """Let everything go well again."""
        ...


@runtime_checkable
class LateHarness(Protocol):
    """The venue may not know yet what it has taken."""

    def hide(self) -> None:
        """Let questions not find the next order for a while, two trades at most."""
        ...


@runtime_checkable
class PartialHarness(Protocol):
    """Orders can be filled in part."""

    def fill_partly(self) -> None:
        """Let the next order be filled in part; the rest works on, or ends."""
        ...


@runtime_checkable
class PushHarness(Protocol):
    """Reports can be waited for."""

    async def follow(self) -> None:
        """Let the venue push what happens from now on; return when it does."""
        ...

    async def settle(self) -> None:
        """Return when everything that was pushed so far has arrived."""
        ...


@runtime_checkable
class DisturbedHarness(Protocol):
    """Pushed reports can be repeated and overtake each other."""

    def disturb(self) -> None:
        """Let the reports of the next order do so."""
        ...


@runtime_checkable
class LinkHarness(Protocol):
    """The link over which trades and reports are pushed can be cut."""

    async def cut(self) -> None:
        """Cut it; return when the adapter has had time to notice."""
        ...

    async def heal(self) -> None:
        """Let it come back; return when trades flow again."""
        ...


@runtime_checkable
class PersonHarness(Protocol):
    """Somebody else uses the account too."""

    def rest(self) -> ClientOrderId:
        """Let the person leave an order on the pair that never executes; return its id."""
        ...

    def take_back(self) -> None:
        """Let the person cancel it."""
        ...

    def trade_by_hand(self, side: OrderSide, quantity: Quantity) -> None:
        """Let the person trade at market."""
        ...


@runtime_checkable
class PairsHarness(Protocol):
    """A second pair is traded, and by whatever lets the first one trade."""

    @property
    def other(self) -> Instrument:
        """The second pair."""
        ...

    @property
    def other_quantity(self) -> Quantity:
        """What is ordered of it."""
        ...


@runtime_checkable
class SecretHarness(Protocol):
    """The adapter was given something that nobody else may see."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Keys, secrets, tokens."""
        ...


@runtime_checkable
class HoldingsHarness(Protocol):
    """The adapter also reads the whole account."""

    @property
    def holdings(self) -> HoldingsPort:
        """The same account as the adapter's."""
        ...


@runtime_checkable
class LendingHarness(Protocol):
    """The adapter also has a lending side."""

    @property
    def lending(self) -> LendingPort:
        """Of the same account as the adapter's."""
        ...

    def owe(self, amount: Decimal) -> None:
        """Let the pair borrow ``amount`` of quote, which nobody pays back unasked."""
        ...
