"""The group of settings about protection: the Safety Net, and the stop at the venue."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from robsond.settings import parse
from robsond.settings.parts import is_named

DISASTER_STOP_MAX: Final = 10
"""Percent; farther away a venue may refuse a stop, and it would bound nothing worth the name."""


@attrs.frozen(kw_only=True)
class Protection:
    """What is done about positions opened by hand, and while nobody watches."""

    safety_net: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_SAFETY_NET",
            parse.choice("", "observe", "act"),
            "What the Safety Net may do with positions you opened by hand: observe, or act "
            "(close what reaches its stop). Empty = as set last, observe at first.",
        ),
    )
    polling_interval_seconds: int = attrs.field(
        default=20,
        metadata=is_named(
            "ROBSON_POLLING_INTERVAL_SECONDS",
            parse.whole(1, 300),
            "How often the Safety Net looks at the account, seconds: 1 to 300.",
        ),
    )
    cancels_locking_orders: bool = attrs.field(
        default=True,
        metadata=is_named(
            "ROBSON_CANCEL_LOCKING_ORDERS",
            parse.flag,
            "Whether an exit may cancel orders of yours that lock the quantity it must sell.",
        ),
    )
    disaster_stop: Decimal | None = attrs.field(
        default=Decimal(1),
        metadata=is_named(
            "ROBSON_DISASTER_STOP",
            parse.number_or_off("0", str(DISASTER_STOP_MAX)),
            "Live mode: how far beyond the trailing stop a stop order rests at the venue, percent "
            "of it, up to 10; or off.",
        ),
    )
