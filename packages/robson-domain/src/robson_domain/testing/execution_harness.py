"""How the execution cards get at an adapter, and what several of them do."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Protocol

from robson_domain import decimals
from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.identity import ClientOrderId
from robson_domain.instrument import Instrument
from robson_domain.orders import Fill
from robson_domain.ports.execution import ExecutionPort, NewOrder
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide
from robson_domain.testing.conformance import CardFailed, holds
from robson_domain.values import Price, Quantity

BUY, SELL = OrderSide.BUY, OrderSide.SELL
PATIENCE: Final = 20
ID_CHARS: Final = "robson_core_" + "abcdefghijklmnopqrstuvwxyz234567" * 2


class ExecutionHarness(Protocol):
    """One account at a venue under the control of the test; a fresh one for every card.

    The account is flat and without debt, with collateral for twenty times ``quantity``. What a
    harness can do besides is in ``execution_abilities``.
    """

    @property
    def execution(self) -> ExecutionPort:
        """The adapter, connected."""
        ...

    @property
    def instrument(self) -> Instrument:
        """A pair that has traded."""
        ...

    @property
    def price(self) -> Price:
        """About what it trades at."""
        ...

    @property
    def quantity(self) -> Quantity:
        """What is ordered: tradable, and not a single step."""
        ...

    def now_ns(self) -> int:
        """Return the time as the adapter sees it, UTC ns."""
        ...

    async def trade(self) -> None:
        """Let the market trade once more, later than anything before.

        Returns when what it does to orders has been pushed.
        """
        ...

    async def reopen(self) -> None:
        """End the adapter without telling it, and put one for the same account in its place."""
        ...


def shorts(capabilities: Capabilities) -> bool:
    """Say whether positions below zero exist there."""
    return capabilities.can_short


def pushes(capabilities: Capabilities) -> bool:
    """Say whether reports arrive without being asked for."""
    return capabilities.reports_pushed


def an_order(
    harness: ExecutionHarness,
    name: str,
    side: OrderSide = BUY,
    quantity: Quantity | None = None,
    reduces: bool = False,
) -> NewOrder:
    """Return a good order; ``name`` makes its id."""
    return NewOrder(
        client_order_id=ClientOrderId(f"robson_core_{name}"),
        symbol=harness.instrument.symbol,
        side=side,
        quantity=harness.quantity if quantity is None else quantity,
        reduces=reduces,
    )


async def query(harness: ExecutionHarness, order: NewOrder) -> OrderReport:
    """Ask what became of ``order``."""
    return await harness.execution.query_order(order.symbol, order.client_order_id)


async def account_of(harness: ExecutionHarness) -> AccountSnapshot:
    """Return a snapshot of the account."""
    return await harness.execution.account(harness.instrument.symbol)


async def filled(
    harness: ExecutionHarness, order: NewOrder, patience: int = PATIENCE
) -> OrderReport:
    """Send ``order``, let the market trade until it is filled, and return what the venue says."""
    answer = await harness.execution.submit(order)
    said = f"a good order was answered with {answer.status} {answer.code} {answer.message}"
    holds(answer.status is not ReportStatus.REJECTED, said)
    return await until_filled(harness, order, patience)


async def until_filled(
    harness: ExecutionHarness, order: NewOrder, patience: int = PATIENCE
) -> OrderReport:
    """Let the market trade until ``order`` is filled, and return what the venue says of it."""
    for _ in range(patience):
        report = await query(harness, order)
        if report.status is ReportStatus.FILLED:
            return report
        holds(report.status is not ReportStatus.NOT_FOUND, "an acknowledged order is forgotten")
        await harness.trade()
    raise CardFailed(f"not filled after {patience} trades")


def facts(fill: Fill) -> tuple[object, ...]:
    """Return what every telling of a fill has alike; its time is the order's in some."""
    return fill.price, fill.quantity, fill.commission, fill.commission_asset, fill.liquidity


def sum_of(fills: tuple[Fill, ...]) -> Decimal:
    """Return the quantity that ``fills`` sum to."""
    return decimals.total([fill.quantity.value for fill in fills])


def net_of(side: OrderSide, fills: tuple[Fill, ...], base: str) -> Decimal:
    """Return how ``fills`` change the net quantity, commission in base included."""
    paid = [f.commission.value for f in fills if f.commission_asset == base]
    bought = sum_of(fills) if side is BUY else decimals.neg(sum_of(fills))
    return decimals.sub(bought, decimals.total(paid))


def same_account(before: AccountSnapshot, after: AccountSnapshot) -> bool:
    """Say whether nothing has changed between two snapshots."""

    def facts(a: AccountSnapshot) -> tuple[object, ...]:
        return a.net_qty, a.debt_base, a.debt_quote, a.open_orders

    return facts(before) == facts(after)
