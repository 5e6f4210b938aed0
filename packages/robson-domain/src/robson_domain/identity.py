"""Identifiers, and the one function that derives a client order id from an intent.

The client order id is a pure function of what was decided, so the same decision has the same
id after any crash and can be asked for at the venue; a second decision never shares it.
"""

from __future__ import annotations

import hashlib
from typing import Final, NewType

PositionId = NewType("PositionId", str)
SignalId = NewType("SignalId", str)
IntentId = NewType("IntentId", str)
EventId = NewType("EventId", str)
ClientOrderId = NewType("ClientOrderId", str)
TradeId = NewType("TradeId", str)
"""Venue's id of one execution; fills are deduplicated by it, per symbol."""

NO_POSITION: Final = PositionId("")
"""Whose the events are that belong to the account as a whole, or to a pair."""
CORE_PREFIX: Final = "robson_core_"
SAFETY_PREFIX: Final = "robson_safety_"
_DIGEST_BYTES: Final = 15
_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_SHIFTS: Final = range(115, 25, -5)
"""Of the 24 times five bits in 15 bytes the first 18, one character each (RFC 4648)."""


def client_order_id(
    prefix: str, *, account: str, epoch: str, position_id: PositionId, kind: str, n: int
) -> ClientOrderId:
    """Return ``prefix + base32(sha256(account, epoch, position, kind, n))[:18]``, lower case.

    At most 32 characters of ``[a-z0-9_]``, which every supported venue accepts.
    """
    identity = "\n".join((account, epoch, position_id, kind, str(n)))
    number = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:_DIGEST_BYTES], "big")
    return ClientOrderId(prefix + "".join([_BASE32[number >> n & 31] for n in _SHIFTS]))


def event_id(epoch: str, sequence: int) -> EventId:
    """Return the id of the event at ``sequence`` of the database with this ``epoch``."""
    return EventId(hashlib.sha256(f"{epoch}\n{sequence}".encode()).hexdigest()[:32])
