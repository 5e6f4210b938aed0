"""What every question and send to the memory venue goes through: the script of what goes wrong."""

from __future__ import annotations

from typing import Final, TypeVar

from robson_connectors.memory.faults import Fault, FaultKind, Operation, Script
from robson_domain.errors import InDoubtError, RetryableVenueError
from robson_domain.ports.system import Clock

T = TypeVar("T")
_SENDS: Final = (Operation.SUBMIT, Operation.CANCEL, Operation.REPAY)


class Calls:
    """One script for all that is asked and sent.

    Attributes:
        is_closed: Whether every call is refused.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.script = Script()
        self.is_closed = False

    def require_open(self) -> None:
        """Go on while the venue is open.

        Raises:
            RetryableVenueError: It is closed.
        """
        if self.is_closed:
            raise RetryableVenueError("the memory venue is closed", "CLOSED")

    def struck(self, operation: Operation, client_order_id: str = "") -> Fault | None:
        """Return the fault of this call; raise at once when nothing of it arrives.

        Raises:
            InDoubtError, RetryableVenueError: As scripted.
        """
        self.require_open()
        fault = self.script.take(operation, client_order_id)
        if fault is not None and fault.kind is FaultKind.NOT_SENT:
            raise RetryableVenueError("nothing was sent (script)", "NOT_SENT")
        if fault is not None and fault.kind is FaultKind.LOSE_REQUEST:
            _lose(operation)
        return fault

    async def answer(self, operation: Operation, fault: Fault | None, answer: T) -> T:
        """Return ``answer`` as late as scripted.

        Raises:
            InDoubtError, RetryableVenueError: As scripted.
        """
        if fault is not None and fault.kind is FaultKind.LOSE_REPLY:
            _lose(operation)
        if fault is not None and fault.kind is FaultKind.DELAY:
            await self.clock.sleep_until(self.clock.now_ns() + fault.delay_ns)
        return answer


def _lose(operation: Operation) -> None:
    if operation in _SENDS:
        raise InDoubtError("no answer (script)", "TIMEOUT")
    raise RetryableVenueError("no answer (script)", "TIMEOUT")
