"""Acting once: the same key and request have one effect, however often they are sent.

Concurrent repeats wait for the first; later ones get its answer. A request that failed before
it had an effect may be tried again under the same key.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import attrs

from robson_domain import ValidationError
from robsond.api.problems import ApiError, api_error

T = TypeVar("T")

KEYS_MAX: Final = 10_000
"""Keys remembered; arming is recognized beyond that and beyond a restart by its position."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


@attrs.frozen
class _Entry:
    fingerprint: str
    outcome: asyncio.Future[Any]


def checked_key(key: str | None) -> str | None:
    """Return the key of a request.

    Raises:
        ValidationError: When it has a form that is refused.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationError("Idempotency-Key", "write 1 to 128 visible ASCII characters")
    return key


def reused() -> ApiError:
    """Return the refusal of a key that was used for something else."""
    return api_error(
        409,
        "IDEMPOTENCY_KEY_REUSED",
        "This key was used for another request; use a new key for a new request.",
        "Idempotency-Key",
    )


class Once:
    """Requests by key, the latest of them."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    async def run(self, key: str | None, fingerprint: str, act: Callable[[], Awaitable[T]]) -> T:
        """Return what ``act`` returned, calling it only if this key has not.

        Args:
            key: None = do it whatever came before.
            fingerprint: Tells whether a repeated key means the same request.

        Raises:
            ApiError: When the key was used for another request.
        """
        if key is None:
            return await act()
        entry = self._entries.get(key)
        if entry is None:
            return await self._first(key, fingerprint, act)
        if entry.fingerprint != fingerprint:
            raise reused()
        result: T = await asyncio.shield(entry.outcome)
        return result

    async def _first(self, key: str, fingerprint: str, act: Callable[[], Awaitable[T]]) -> T:
        # A task of its own: a caller that hangs up does not take the others' answer along.
        outcome: asyncio.Future[T] = asyncio.ensure_future(act())
        self._entries[key] = _Entry(fingerprint, outcome)
        outcome.add_done_callback(lambda done: self._settle(key, done))
        return await asyncio.shield(outcome)

    def _settle(self, key: str, outcome: asyncio.Future[Any]) -> None:
        if outcome.cancelled() or outcome.exception() is not None:
            del self._entries[key]
        while len(self._entries) > KEYS_MAX:
            del self._entries[next(iter(self._entries))]
