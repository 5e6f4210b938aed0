"""What a venue can do, as data; conformance cards are switched by it, never by hand."""

from __future__ import annotations

from enum import StrEnum

import attrs


class Netting(StrEnum):
    """The unit in which the venue nets quantities; core owns such a unit as a whole."""

    PAIR = "pair"
    PAIR_AND_SIDE = "pair_and_side"


@attrs.frozen(kw_only=True)
class Capabilities:
    """Declared by every connector.

    Attributes:
        name: Connector's registered name.
        netting: What the venue nets.
        can_short: Whether positions below zero exist there.
        has_backfill: Whether trades after a given trade id can be fetched.
        has_history: Whether past bars can be fetched.
        reports_pushed: Whether reports arrive without being asked for.
        deduplicates_client_ids: Whether a second order with a known id is refused even after
            the first was filled; most venues do not.
        client_order_id_length_max: Longest id the venue takes, characters.
        resting_stops: Whether an order can rest there behind a stop price.
    """

    name: str
    netting: Netting = Netting.PAIR
    can_short: bool = True
    has_backfill: bool = True
    has_history: bool = True
    reports_pushed: bool = True
    deduplicates_client_ids: bool = False
    client_order_id_length_max: int = 36
    resting_stops: bool = False
