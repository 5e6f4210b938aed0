"""What an answer means, as one table: HTTP status, code and message against the kind of call.

The rule behind the table: what may have happened is never called refused. A refusal is believed
where the documentation places the check before the matching engine; a status or code nobody
has written down leaves a write in doubt and a question open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs

from robson_connectors.binance.fields import Json, UnreadableAnswer, parsed, whole


class Call(StrEnum):
    """Kinds of calls, by what an unknown outcome costs."""

    PLACE = "place"
    CANCEL = "cancel"
    READ = "read"
    REPAY = "repay"
    """Borrow or repay."""


class Outcome(StrEnum):
    """What is known after an answer."""

    DONE = "done"
    REJECTED = "rejected"
    """Refused before it had any effect; the same call again changes nothing."""
    IN_DOUBT = "in_doubt"
    RETRYABLE = "retryable"
    """Nothing happened; asking again may help."""
    RATE_LIMITED = "rate_limited"
    """Nothing happened, and nothing else will until a pause is over."""


class Remedy(StrEnum):
    """What the caller can do about it."""

    NONE = ""
    RESYNC_CLOCK = "resync_clock"
    ASK = "ask"
    """The order is there, or was: ask what became of it."""
    NOT_FOUND = "not_found"
    ARCHIVED = "archived"
    """Ended without an execution, more than 90 days ago."""
    WAIT_PENDING = "wait_pending"
    """A loan is being booked: the same again in a moment."""
    TRIGGERED = "triggered"
    """The stop price is reached already: go to the market now."""
    SLOW_DOWN = "slow_down"


@attrs.frozen
class Ruling:
    """What an answer means for the call that got it.

    Attributes:
        code: The venue's code as text, or ``HTTP <status>`` without one.
        message: The venue's own words, shortened.
    """

    outcome: Outcome
    code: str = ""
    message: str = ""
    remedy: Remedy = Remedy.NONE


@attrs.frozen
class Rule:
    """One row of the table: an outcome for each kind of call."""

    place: Outcome
    cancel: Outcome
    read: Outcome
    repay: Outcome
    remedy: Remedy = Remedy.NONE

    def outcome(self, call: Call) -> Outcome:
        """Return the cell of ``call``."""
        found: Outcome = getattr(self, call.value)
        return found


_DOUBT, _REFUSED, _AGAIN = Outcome.IN_DOUBT, Outcome.REJECTED, Outcome.RETRYABLE
UNKNOWN: Final = Rule(_DOUBT, _DOUBT, _AGAIN, _DOUBT)
REFUSED: Final = Rule(_REFUSED, _REFUSED, _REFUSED, _REFUSED)
LIMITED: Final = Rule(*(Outcome.RATE_LIMITED,) * 4, remedy=Remedy.SLOW_DOWN)
CLOCK: Final = Rule(_REFUSED, _AGAIN, _AGAIN, _AGAIN, Remedy.RESYNC_CLOCK)
PENDING: Final = Rule(_REFUSED, _AGAIN, _AGAIN, _AGAIN, Remedy.WAIT_PENDING)
THERE: Final = Rule(_DOUBT, _DOUBT, _REFUSED, _DOUBT, Remedy.ASK)
GONE: Final = Rule(_DOUBT, _DOUBT, _REFUSED, _REFUSED, Remedy.NOT_FOUND)
ARCHIVED: Final = Rule(_DOUBT, _REFUSED, _REFUSED, _REFUSED, Remedy.ARCHIVED)
BUSY: Final = Rule(_REFUSED, _AGAIN, _AGAIN, _AGAIN)
PACE: Final = Rule(_REFUSED, _AGAIN, _AGAIN, _AGAIN, Remedy.SLOW_DOWN)


def _rows(rule: Rule, *codes: int) -> dict[int, Rule]:
    return dict.fromkeys(codes, rule)


CODES: Final[Mapping[int, Rule]] = {
    # The venue's own "I do not know". -1008 is officially "try again", which a write may not be.
    **_rows(UNKNOWN, -1000, -1001, -1006, -1007, -1008),
    **_rows(LIMITED, -1003, -1034),
    **_rows(CLOCK, -1021),
    # Key, permission, signature, filters, shape: looked at before anything is done.
    **_rows(REFUSED, -1002, -1013, -1015, -1020, -1022, -2014, -2015, -2039, -20204),
    **_rows(REFUSED, *range(-1130, -1099)),
    **_rows(REFUSED, -2010),
    **_rows(THERE, -2011),
    **_rows(GONE, -2013),
    **_rows(ARCHIVED, -2026),
    # Margin: account, permission, limits, inventory.
    **_rows(
        REFUSED,
        -3003, -3004, -3006, -3008, -3012, -3013, -3015, -3016, -3020, -3021, -3022, -3023,
        -3024, -3027, -3028, -3041, -3045, -3064, -3065, -3067, -4047, -11001, -11008,
    ),
    **_rows(PENDING, -3007),
    **_rows(BUSY, -3044),
    **_rows(PACE, -21003),
    # The user stream's token.
    **_rows(REFUSED, -1209, -2035, -2036, -2042),
}  # fmt: skip
"""Every code the documentation names for what Robson does; -1125 is within the parameter range."""

STATUSES: Final[Mapping[int, Rule]] = {
    401: REFUSED,
    404: REFUSED,
    405: REFUSED,
    410: REFUSED,
    418: LIMITED,
    429: LIMITED,
}
"""What a status means where the body says nothing; every other one is :data:`UNKNOWN`."""

MESSAGES: Final[tuple[tuple[int, re.Pattern[str], Rule], ...]] = (
    (-2010, re.compile("duplicate order", re.IGNORECASE), THERE),
    (
        -2010,
        re.compile("trigger immediately", re.IGNORECASE),
        attrs.evolve(REFUSED, remedy=Remedy.TRIGGERED),
    ),
)
"""Codes whose meaning is in the message."""

_BAN: Final = re.compile(r"\b(1[0-9]{12})\b")
_MESSAGE_CHARS: Final = 200


def ruling(call: Call, status: int, body: bytes) -> tuple[Ruling, Json]:
    """Return what an answer means for ``call``, and the JSON in it when it is done.

    The status counts before the body is looked at: a 5xx says nothing about what happened,
    whatever it carries.
    """
    try:
        content = parsed(body)
    except UnreadableAnswer:
        return _by_status(call, status, ""), None
    code, message = _error_of(content)
    if 200 <= status < 300 and not code:
        return Ruling(Outcome.DONE), content
    if status in (418, 429) or status >= 500 or not code:
        return _by_status(call, status, message, code), None
    rule = _rule(code, message)
    return Ruling(rule.outcome(call), str(code), message, rule.remedy), None


def banned_until(message: str) -> int:
    """Return the end of a ban that ``message`` tells, venue clock, UTC ns; 0 without one."""
    found = _BAN.search(message)
    return int(found.group(1)) * 1_000_000 if found else 0


def _by_status(call: Call, status: int, message: str, code: int = 0) -> Ruling:
    rule = STATUSES.get(status, UNKNOWN)
    said = str(code) if code else f"HTTP {status}"
    return Ruling(
        rule.outcome(call), said, message or f"answered with status {status}", rule.remedy
    )


def _rule(code: int, message: str) -> Rule:
    for known, pattern, rule in MESSAGES:
        if code == known and pattern.search(message):
            return rule
    return CODES.get(code, UNKNOWN)


def _error_of(content: Json) -> tuple[int, str]:
    """Return code and message of an error object; 0 for anything else."""
    if not isinstance(content, dict) or "code" not in content or "msg" not in content:
        return 0, ""
    try:
        code = whole(content["code"], "code")
    except UnreadableAnswer:
        code = _signed(content["code"])
    return min(code, 0), _plain(str(content["msg"]))


def _signed(value: Json) -> int:
    is_negative = isinstance(value, str) and re.fullmatch("-[0-9]{1,9}", value) is not None
    return int(str(value)) if is_negative else 0


def _plain(message: str) -> str:
    """Return ``message`` on one line, shortened: it is shown and logged."""
    return "".join(c if c.isprintable() else " " for c in message)[:_MESSAGE_CHARS]
