"""Sending orders and asking what became of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from robson_domain.account import AccountSnapshot
from robson_domain.capabilities import Capabilities
from robson_domain.identity import ClientOrderId, TradeId
from robson_domain.orders import Fill
from robson_domain.reports import OrderReport
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Price, Quantity


@attrs.frozen(kw_only=True)
class NewOrder:
    """An order to send: at market, or resting behind a stop price.

    Attributes:
        quantity: Base asset, a multiple of the step size.
        reduces: Whether it closes exposure; such an order never borrows.
        stop_price: None = at market now. Otherwise the order rests until this price is reached;
            only for venues with :attr:`Capabilities.resting_stops`, and it always reduces.
    """

    client_order_id: ClientOrderId
    symbol: Symbol
    side: OrderSide
    quantity: Quantity
    reduces: bool
    stop_price: Price | None = None


class ExecutionPort(Protocol):
    """One account at one venue.

    Every method may be canceled by its caller at any time; a canceled :meth:`submit` is in
    doubt. Nothing here retries a send.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this venue can do; constant."""
        ...

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send ``order`` once and return what the venue said.

        Not idempotent: never call it twice with one client order id. A definitive refusal is a
        report with status ``REJECTED``.

        Raises:
            InDoubtError: Timeout, disconnect, 5xx or an unreadable answer after the first byte.
            RetryableVenueError: Nothing left this machine.
        """
        ...

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Cancel what still works of an order. Idempotent.

        Raises:
            InDoubtError: As for :meth:`submit`.
            RetryableVenueError: Nothing happened.
        """
        ...

    async def query_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> OrderReport:
        """Return the order's state with all its fills; ``NOT_FOUND`` when unknown there.

        Idempotent. The report's ``ts_event`` is the venue's clock at the time of the answer.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...

    async def open_orders(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Return the orders working on ``symbol``, ours and others', oldest first. Idempotent.

        Raises:
            RetryableVenueError: No usable answer; never an empty tuple instead.
        """
        ...

    async def fills_since(
        self, symbol: Symbol, after: TradeId | None
    ) -> tuple[tuple[ClientOrderId, Fill], ...]:
        """Return the account's fills on ``symbol`` after trade ``after``, in order. Idempotent.

        Raises:
            RetryableVenueError: No usable answer; never an empty tuple instead.
        """
        ...

    async def account(self, symbol: Symbol) -> AccountSnapshot:
        """Return a fresh snapshot of the pair, taken after the call. Idempotent.

        Raises:
            RetryableVenueError: No usable answer.
        """
        ...

    def subscribe_reports(self, sink: Callable[[OrderReport], None]) -> None:
        """Call ``sink`` for every report the venue pushes, in the order of arrival.

        Reports may repeat, be late or miss; ``sink`` does not block and does not raise.
        """
        ...

    async def close(self) -> None:
        """Release the connection; idempotent."""
        ...
