"""What happened to a position of the person's that is guarded."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import decimals
from robson_domain.event_base import BaseEvent
from robson_domain.instrument import Instrument
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Price, PriceDelta, Quantity


@attrs.frozen(kw_only=True)
class GuardOpened(BaseEvent):
    """A position that the person opened is watched from now on.

    Attributes:
        symbol: The pair.
        side: Its direction.
        instrument: The pair's rules.
        quantity: What trades explain of it, base asset.
        entry_price: Where its stop is counted from.
        is_estimated: Whether that is the price it was first seen at.
        stop: At or beyond it the quantity is closed at market, once acting was confirmed.
    """

    symbol: Symbol
    side: Side
    instrument: Instrument
    quantity: Quantity
    entry_price: Price
    is_estimated: bool
    stop: Price


@attrs.frozen(kw_only=True)
class GuardFollowed(BaseEvent):
    """The person changed the guarded position; the guard follows.

    Attributes:
        quantity: What is guarded now, base asset.
        entry_price: Where the stop is counted from now.
        is_estimated: Whether that is a price it was seen at.
        stop: Never looser than before, but for a guard that was passed without being allowed to
            act: that one begins anew.
    """

    quantity: Quantity
    entry_price: Price
    is_estimated: bool
    stop: Price


@attrs.frozen(kw_only=True)
class GuardBreached(BaseEvent):
    """The stop of a guard was reached, and acting has not been confirmed: nothing is sent.

    Attributes:
        price: What reached it.
        stop: Which stop.
    """

    price: Price
    stop: Price


@attrs.frozen(kw_only=True)
class GuardReleased(BaseEvent):
    """A guard ends without an order.

    Attributes:
        why: ``gone``, ``turned``, ``core_opened``, ``core_managed``, ``ignored``, ``own_stop``
            or ``observing``.
    """

    why: str


@attrs.frozen(kw_only=True)
class GuardHandedOver(BaseEvent):
    """The person gives a guarded position to core: from now on its stop trails.

    Attributes:
        stop_distance: D from now on.
        best: Where the trailing begins.
        stop: The stop it begins with; never looser than the guard's.
    """

    stop_distance: PriceDelta
    best: Price
    stop: Price


@attrs.frozen(kw_only=True)
class GuardDebtSeen(BaseEvent):
    """What the pair owes right before the exit of a guard, which the venue is to repay out of it.

    The person borrowed it; it is kept to tell afterwards whether the venue did.

    Attributes:
        asset: What is owed and what the exit brings: quote when long, base when short.
        owed: How much, with interest, in ``asset``.
    """

    asset: str
    owed: Decimal = attrs.field(converter=decimals.exact)
