"""What happened to a position at the venue beside its entry and its exits."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.event_base import BaseEvent
from robson_domain.identity import ClientOrderId
from robson_domain.intents import Intent
from robson_domain.values import Price, Quantity


@attrs.frozen(kw_only=True)
class VenueStopPlaced(BaseEvent):
    """A stop order is to rest at the venue; it is sent once this is durable.

    Attributes:
        intent: The order to be sent, with its stop price.
    """

    intent: Intent


@attrs.frozen(kw_only=True)
class CancelRequested(BaseEvent):
    """The venue is asked to take back a venue stop; nothing else is sent for its quantity before.

    Attributes:
        client_order_id: Which order.
        retry_at: When it is asked again if it still works, UTC ns.
    """

    client_order_id: ClientOrderId
    retry_at: int


@attrs.frozen(kw_only=True)
class InterestAccrued(BaseEvent):
    """The venue has charged interest on what the position borrowed.

    Attributes:
        interest: In all so far, in the borrowed asset (base when short, quote when long).
    """

    interest: Decimal = attrs.field(converter=decimals.exact)


@attrs.frozen(kw_only=True)
class RepayRequested(BaseEvent):
    """Flat, but something is still owed: it is paid back once this is durable.

    Attributes:
        asset: What is owed.
        amount: How much is paid back, in ``asset``; never more than the position's own debt.
        owed: What was owed on the pair when it was decided, in ``asset``.
        n: 1 for the first repayment of the position, then counting up.
        retry_at: When the debt is looked at again, UTC ns.
    """

    asset: str
    amount: Decimal = attrs.field(converter=decimals.exact)
    owed: Decimal = attrs.field(converter=decimals.exact)
    n: int
    retry_at: int


@attrs.frozen(kw_only=True)
class PositionReduced(BaseEvent):
    """The account holds less of the position than the log: somebody else closed part of it.

    Attributes:
        quantity: By how much, base asset.
        price: Average price of the trades that explain it; otherwise what it was valued at.
        is_explained: Whether trades of the account explain it.
        evidence: How it is known.
    """

    quantity: Quantity
    price: Price
    is_explained: bool
    evidence: str
