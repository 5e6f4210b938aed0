"""What can be made to go wrong at the memory venue, one scripted fault at a time."""

from __future__ import annotations

from enum import StrEnum

import attrs

from robson_domain.errors import ValidationError


class Operation(StrEnum):
    """Where a fault strikes."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    QUERY_ORDER = "query_order"
    OPEN_ORDERS = "open_orders"
    FILLS_SINCE = "fills_since"
    ACCOUNT = "account"
    REPORT = "report"
    """A report that is pushed."""
    TRADES_SINCE = "trades_since"
    BARS = "bars"
    DEBT = "debt"
    REPAY = "repay"
    PAIRS = "pairs"
    """The whole account."""
    PAIR = "pair"
    TRADES = "trades"
    """The account's executions, everybody's."""
    RESTING_ORDERS = "resting_orders"


class FaultKind(StrEnum):
    """What goes wrong."""

    NOT_SENT = "not_sent"
    """Nothing leaves the machine: ``RetryableVenueError``."""
    LOSE_REQUEST = "lose_request"
    """It never arrives: ``InDoubtError`` for a send, ``RetryableVenueError`` for a question."""
    LOSE_REPLY = "lose_reply"
    """It is carried out, the answer is lost: errors as for ``LOSE_REQUEST``."""
    DELAY = "delay"
    """Carried out at once, answered ``delay_ns`` later; a canceled caller gets no answer."""
    REJECT = "reject"
    """The venue refuses the order, or the repayment, with ``code``."""
    PARTIAL = "partial"
    """The order fills in ``parts`` pieces: one now, one more at every later trade."""
    LATE = "late"
    """The venue does not know the order yet: ``NOT_FOUND`` (on ``query_order``)."""
    STALE = "stale"
    """The account as it was before its last change, with a fresh time (on ``account``)."""
    DROP = "drop"
    """The report is never pushed."""
    DUPLICATE = "duplicate"
    """The report is pushed twice."""
    HOLD = "hold"
    """The report waits for the next one that is not held, and comes after it."""


_ON_REPORTS = frozenset({FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.HOLD})
_ONLY_ON = {
    FaultKind.PARTIAL: Operation.SUBMIT,
    FaultKind.LATE: Operation.QUERY_ORDER,
    FaultKind.STALE: Operation.ACCOUNT,
    **dict.fromkeys(_ON_REPORTS, Operation.REPORT),
}


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        on: At which call; some kinds make sense at one only and need not say it, and a refusal is
            of an order unless it says ``REPAY``.
        times: How often, before calls go well again.
        after: How many calls go well first.
        client_order_id: Only for this order; empty = for every one.
        delay_ns: For ``DELAY``, ns.
        code: For ``REJECT``.
        parts: For ``PARTIAL``, at least 2.
    """

    kind: FaultKind
    on: Operation = Operation.SUBMIT
    times: int = 1
    after: int = 0
    client_order_id: str = ""
    delay_ns: int = 0
    code: str = "REJECTED_BY_SCRIPT"
    parts: int = 2

    def __attrs_post_init__(self) -> None:
        only = _ONLY_ON.get(self.kind)
        if only is not None:
            object.__setattr__(self, "on", only)
        elif self.kind is FaultKind.REJECT and self.on is not Operation.REPAY:
            object.__setattr__(self, "on", Operation.SUBMIT)
        elif self.on is Operation.REPORT:
            raise ValidationError("on", f"{self.kind} does not strike reports")
        if self.times < 1 or self.after < 0 or self.parts < 2 or self.delay_ns < 0:
            raise ValidationError(
                "fault", "times from 1, after from 0, parts from 2, delay_ns from 0"
            )


class Script:
    """The faults still to come, in the order they were written."""

    def __init__(self) -> None:
        self._lines: list[tuple[Fault, int, int]] = []

    def add(self, fault: Fault) -> None:
        """Append a fault."""
        self._lines.append((fault, fault.after, fault.times))

    def take(self, operation: Operation, client_order_id: str = "") -> Fault | None:
        """Return the fault that strikes this call, used up once; None when it goes well."""
        for index, (fault, after, times) in enumerate(self._lines):
            other = fault.client_order_id not in ("", client_order_id)
            if fault.on is not operation or other:
                continue
            if after:
                self._lines[index] = (fault, after - 1, times)
                continue
            if times > 1:
                self._lines[index] = (fault, 0, times - 1)
            else:
                del self._lines[index]
            return fault
        return None

    def clear(self) -> None:
        """Forget what is still to come."""
        self._lines.clear()

    @property
    def is_empty(self) -> bool:
        """Whether everything scripted has happened."""
        return not self._lines
