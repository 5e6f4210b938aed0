"""Orders between decision and answer, so that a cancel finds them wherever they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Final

from robson_domain.identity import ClientOrderId
from robson_domain.ports.execution import NewOrder
from robson_domain.symbols import Symbol

_Key = tuple[Symbol, ClientOrderId]
_WITHDRAWN: Final = True


def _key(order: NewOrder) -> _Key:
    return order.symbol, order.client_order_id


class Sends:
    """Which orders wait to be sent, and which are on their way."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, bool] = {}
        self._sending: dict[_Key, asyncio.Future[None]] = {}

    @contextmanager
    def waiting(self, order: NewOrder) -> Iterator[None]:
        """Let the order be withdrawn while it waits for its turn within the block."""
        key = _key(order)
        self._waiting[key] = not _WITHDRAWN
        try:
            yield
        finally:
            self._waiting.pop(key, None)

    @contextmanager
    def sending(self, order: NewOrder) -> Iterator[None]:
        """Count the order as on its way within the block."""
        key = _key(order)
        self._sending[key] = done = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            self._sending.pop(key, None)
            done.set_result(None)

    def may_go(self, order: NewOrder) -> bool:
        """Say whether nobody has withdrawn the order."""
        return self._waiting.get(_key(order)) is not _WITHDRAWN

    def withdraw(self, symbol: Symbol, client_order_id: ClientOrderId) -> bool:
        """Keep an order from being sent; False when it is not to be stopped any more."""
        key = symbol, client_order_id
        if key in self._sending or key not in self._waiting:
            return False
        self._waiting[key] = _WITHDRAWN
        return True

    def on_its_way(self, symbol: Symbol, client_order_id: ClientOrderId) -> Awaitable[None] | None:
        """Return what to await until the order's send has ended; None when there is none."""
        sending = self._sending.get((symbol, client_order_id))
        # Shielded: whoever waits may be canceled, and the others wait on.
        return None if sending is None else asyncio.shield(sending)
