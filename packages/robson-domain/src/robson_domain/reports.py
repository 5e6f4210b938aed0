"""What the venue says about an order, in one shape for every way it can be heard.

The answer to a send, the answer to a question and a pushed event all become an
:class:`OrderReport`; repeated and reordered ones are normal and harmless.
"""

from __future__ import annotations

from enum import StrEnum

import attrs

from robson_domain.identity import ClientOrderId
from robson_domain.orders import Fill
from robson_domain.symbols import Symbol
from robson_domain.values import Quantity


class ReportStatus(StrEnum):
    """What a report says about its order."""

    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"
    """The venue does not know the id (yet); evidence, never proof by itself."""
    NO_REPLY = "no_reply"
    """The send or question may or may not have arrived: the order is in doubt."""


@attrs.frozen(kw_only=True, weakref_slot=False)
class OrderReport:
    """One statement about one order.

    Attributes:
        client_order_id: Which order.
        status: What is said.
        filled_qty: Executed so far as the venue counts, base asset; the fills carried may be
            fewer, then the rest is asked for.
        fills: Executions known to this report; each is applied once by its trade id.
        code: Venue's code of a rejection, or ours for a missing reply.
        ts_event: Venue time of the statement, UTC ns (0 = unknown).
        ts_received: Our receive time, UTC ns.
        ts_signed: For a send: the timestamp the request carried, venue clock, UTC ns; 0 = nobody
            knows.
    """

    client_order_id: ClientOrderId
    symbol: Symbol
    status: ReportStatus
    ts_event: int
    ts_received: int
    filled_qty: Quantity = Quantity(0)
    fills: tuple[Fill, ...] = ()
    venue_order_id: str = ""
    code: str = ""
    message: str = ""
    ts_signed: int = 0
