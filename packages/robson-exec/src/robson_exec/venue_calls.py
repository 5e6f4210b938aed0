"""Calls to the venue, each with a deadline, each with an outcome and never an exception."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from robson_domain import (
    AccountSnapshot,
    ClientOrderId,
    Clock,
    ExecutionPort,
    InDoubtError,
    NewOrder,
    OrderReport,
    ReportStatus,
    RetryableVenueError,
    Symbol,
    VenueError,
)
from robson_exec.bus import EventBus
from robson_exec.limits import CALL_TIMEOUT_NS
from robson_exec.supervision import Supervisor, TimedOut

T = TypeVar("T")
NOT_SENT = "NOT_SENT"
"""Code of a report: nothing left this machine."""
TIMEOUT = "TIMEOUT"
"""Code of a report: no answer within the deadline."""
UNEXPECTED = "UNEXPECTED"
"""Code of a report: the connector failed in a way it should not."""


class VenueCalls:
    """The execution port with deadlines."""

    def __init__(
        self, execution: ExecutionPort, clock: Clock, supervisor: Supervisor, bus: EventBus
    ) -> None:
        self._execution = execution
        self._clock = clock
        self._supervisor = supervisor
        self._bus = bus

    async def submit(self, order: NewOrder) -> OrderReport:
        """Send once; an outcome nobody knows is a report with status ``NO_REPLY``."""
        return await self._ordering(order.symbol, order.client_order_id, _Submit(order))

    async def cancel(self, symbol: Symbol, order_id: ClientOrderId) -> OrderReport | None:
        """Cancel what still works; None when nothing happened or nobody knows."""
        report = await self._ordering(symbol, order_id, _Cancel(symbol, order_id))
        is_answer = report.code != NOT_SENT and report.status is not ReportStatus.NO_REPLY
        return report if is_answer else None

    async def _ordering(
        self, symbol: Symbol, order_id: ClientOrderId, call: _Submit | _Cancel
    ) -> OrderReport:
        try:
            async with self._supervisor.deadline(self._clock.now_ns() + CALL_TIMEOUT_NS):
                return await call(self._execution)
        except RetryableVenueError as error:
            status, code, message = ReportStatus.REJECTED, NOT_SENT, error.message
        except InDoubtError as error:
            status, code, message = ReportStatus.NO_REPLY, error.code or TIMEOUT, error.message
        except TimedOut:
            status, code, message = ReportStatus.NO_REPLY, TIMEOUT, "no answer in time"
        except Exception as error:
            self._unexpected(type(call).__name__, error)
            status, code, message = ReportStatus.NO_REPLY, UNEXPECTED, type(error).__name__
        now = self._clock.now_ns()
        return OrderReport(
            client_order_id=order_id,
            symbol=symbol,
            status=status,
            ts_event=now,
            ts_received=now,
            code=code,
            message=message,
        )

    async def query(self, symbol: Symbol, order_id: ClientOrderId) -> OrderReport | None:
        """Ask once what became of an order; None when there was no usable answer."""
        return await self._asking("query_order", self._execution.query_order, symbol, order_id)

    async def account(self, symbol: Symbol) -> AccountSnapshot | None:
        """Ask once for a snapshot; None when there was no usable answer."""
        return await self._asking("account", self._execution.account, symbol)

    async def _asking(self, name: str, ask: Callable[..., Awaitable[T]], *what: str) -> T | None:
        try:
            async with self._supervisor.deadline(self._clock.now_ns() + CALL_TIMEOUT_NS):
                return await ask(*what)
        except (TimedOut, VenueError):
            return None
        except Exception as error:
            self._unexpected(name, error)
            return None

    def _unexpected(self, call: str, error: Exception) -> None:
        facts = {"call": call, "error": type(error).__name__, "message": str(error)}
        self._bus.notify("warning", "connector_failed", facts)


@attrs.frozen
class _Submit:
    order: NewOrder

    async def __call__(self, execution: ExecutionPort) -> OrderReport:
        return await execution.submit(self.order)


@attrs.frozen
class _Cancel:
    symbol: Symbol
    order_id: ClientOrderId

    async def __call__(self, execution: ExecutionPort) -> OrderReport:
        return await execution.cancel(self.symbol, self.order_id)
