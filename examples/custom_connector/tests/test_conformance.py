"""Toybox keeps every promise of both ports that its capabilities call for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from robson_toybox import ToyboxConnector, connector

from robson_domain import ConfigurationError, ExecutionPort, MarketDataPort, Price, Quantity, Symbol
from robson_domain.testing.clocks import SteppedClock
from robson_domain.testing.execution_abilities import (
    HoldingsHarness,
    LateHarness,
    LendingHarness,
    LinkHarness,
    PairsHarness,
    PartialHarness,
    PersonHarness,
    Question,
    SecretHarness,
)
from robson_domain.testing.execution_cards import EXECUTION_CARDS, ExecutionCard
from robson_domain.testing.market_cards import MARKET_CARDS, MarketCard

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
ACME = Symbol("ACMEUSDT")


REQUESTS = {
    Question.ORDER: "order",
    Question.OPEN_ORDERS: "open",
    Question.FILLS: "fills",
    Question.ACCOUNT: "balance",
    Question.TRADES: "trades",
}


class Harness:
    """A Toybox whose tape the test prints, and whose answers it can lose."""

    losses = ("no answer",)
    without: Mapping[type, str] = {
        LateHarness: "the server knows an order as soon as it has it",
        PartialHarness: "an order is filled whole",
        LinkHarness: "the tape is handed over without a link between",
        PersonHarness: "the server has one user",
        PairsHarness: "the server trades one pair",
        SecretHarness: "the server asks for no key",
        HoldingsHarness: "the connector reads no holdings",
        LendingHarness: "the server lends nothing",
    }

    def __init__(self) -> None:
        self.clock = SteppedClock(START)
        self.adapter: ToyboxConnector = connector({"clock": self.clock, "cash": "100000"})
        self.instrument = self.adapter._rules[ACME]
        self.price, self.quantity = Price(50), Quantity("1.5")
        self.symbol, self.interval = ACME, SECOND
        self._print()

    @property
    def execution(self) -> ExecutionPort:
        return self.adapter

    @property
    def market(self) -> MarketDataPort:
        return self.adapter

    def now_ns(self) -> int:
        return self.clock.now_ns()

    def _print(self) -> None:
        self.adapter._exchange.print_trade("50.00", "0.25")

    async def trade(self) -> None:
        await self.trades(1)

    async def trades(self, count: int) -> None:
        for _ in range(count):
            await self.clock.run_for(SECOND // 4)
            self._print()

    async def bars(self, count: int) -> None:
        await self.trades(4 * (count + 1))

    def lose(self, loss: str, executed: bool) -> None:
        """Lose the answer to an order, or the order itself."""
        self.adapter._exchange.troubles["place"] = "answer lost" if executed else "request lost"

    def turn_away(self) -> None:
        """Let the server be busy."""
        self.adapter._exchange.troubles["place"] = "busy"

    def fail(self, question: Question) -> None:
        """Lose the answers to a question."""
        self.adapter._exchange.troubles[REQUESTS[question]] = "answer lost"

    def mend(self) -> None:
        """Let everything go well again."""
        self.adapter._exchange.troubles.clear()

    async def reopen(self) -> None:
        """Connect again: the exchange has its own memory."""
        self.adapter = ToyboxConnector(self.adapter._exchange, self.clock)


@pytest.mark.parametrize("card", EXECUTION_CARDS, ids=str)
async def test_execution(card: ExecutionCard) -> None:
    """Every promise about orders."""
    harness = Harness()
    if not card.fits(harness.execution.capabilities) or card.excuse(harness):
        pytest.skip(card.excuse(harness) or card.title)
    await card.run(harness)


@pytest.mark.parametrize("card", MARKET_CARDS, ids=str)
async def test_market(card: MarketCard) -> None:
    """Every promise about prices."""
    harness = Harness()
    if not card.fits(harness.market.capabilities) or card.excuse(harness):
        pytest.skip(card.excuse(harness) or card.title)
    await card.run(harness)


def test_a_clock_is_needed() -> None:
    """The factory says what it lacks."""
    with pytest.raises(ConfigurationError, match="clock"):
        connector({})
