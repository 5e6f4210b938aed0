"""The error tree, sorted by what the caller must do.

    RobsonError
    ├── ValidationError        a value that may not exist; names the field and the fix
    ├── ConfigurationError     a setting to correct before starting
    ├── InvariantError         our own promise broken: stop, look, do not continue
    │   └── IllegalTransition  a (status, event) pair outside a lifecycle table
    ├── StoreError             what is stored cannot be trusted or reached
    │   ├── StoreConflict      a batch that contradicts what is stored; repeating changes nothing
    │   ├── ChainBroken        the event log was altered
    │   ├── HeadMismatch       the exported head and the log disagree
    │   └── UnknownSchema      written by a newer or foreign version
    ├── DeniedError            refused by us before sending, with a code
    └── VenueError             what an exchange or its link did
        ├── RetryableVenueError   nothing happened there; the same call may be repeated
        ├── DefinitiveVenueError  refused there; repeating changes nothing
        └── InDoubtError          nobody knows; ask, never repeat

Errors carry no secret and no URL: adapters wrap foreign exceptions before they leave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class RobsonError(Exception):
    """Root of every error Robson raises on purpose."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        # An error raised in a worker process must reach its parent as it is; the default would
        # call the constructor with the finished message alone.
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(
    kind: type[RobsonError], arguments: tuple[object, ...], fields: dict[str, object]
) -> RobsonError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(fields)
    return error


class ValidationError(RobsonError, ValueError):
    """A value that may not exist. ``field`` names it; the message says what to write instead."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class ConfigurationError(RobsonError):
    """A setting is missing or wrong; correct it and start again."""


class InvariantError(RobsonError):
    """One of Robson's own promises would be broken by going on."""


class IllegalTransition(InvariantError):
    """An event that its lifecycle table does not allow; nothing has happened."""

    def __init__(self, lifecycle: str, status: str, event: str) -> None:
        super().__init__(f"{lifecycle}: {event} is not possible in status {status}")
        self.lifecycle = lifecycle
        self.status = status
        self.event = event


class StoreError(RobsonError):
    """The store cannot be reached or what it holds cannot be trusted."""


class StoreConflict(StoreError):
    """What was to be written contradicts what is stored; the same again is refused again."""


class ChainBroken(StoreError):
    """The event log was altered; ``sequence`` is the first row that does not fit."""

    def __init__(self, sequence: int, problem: str) -> None:
        super().__init__(f"event {sequence}: {problem}")
        self.sequence = sequence
        self.problem = problem


class HeadMismatch(StoreError):
    """The head exported outside the database is not part of the log inside it."""


class UnknownSchema(StoreError):
    """A row of a type or version this build does not know; never guessed, never rewritten."""


class DeniedError(RobsonError):
    """Refused by Robson before anything was sent; ``code`` is a denial or refusal code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class VenueError(RobsonError):
    """What an exchange, or the way to it, did."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class RetryableVenueError(VenueError):
    """Nothing happened at the venue; the same call may be repeated after a pause."""


class DefinitiveVenueError(VenueError):
    """The venue refused for good; repeating the same call changes nothing."""


class InDoubtError(VenueError):
    """The call may or may not have had its effect; ask by client order id, never repeat."""
