"""Acting once: the same key and request have one effect, however often they are sent.

Concurrent repeats wait for the first; later ones get its answer, after a restart too. A request
that was refused before it had an effect may be tried again under the same key. One whose end is
not known is never carried out again: it may have had its effect already, and what it would do
now is not what was asked then.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

import attrs
import msgspec

from robson_domain import DeniedError, InDoubtError, ValidationError, VenueError
from robsond.api.problems import ApiError, api_error
from robsond.key_file import KEYS_MAX, Kept, KeyStore, NoFile

T = TypeVar("T")

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


@attrs.frozen(kw_only=True)
class Asked(Generic[T]):
    """A command as it came.

    Attributes:
        key: None = do it whatever came before.
        request: Tells whether a repeated key means the same request.
        shape: Type of the answer.
        look: Where to see what became of it.
        is_repeatable: Whether carrying it out again finds the effect of the first time.
    """

    key: str | None
    request: str
    shape: type[T]
    look: str
    is_repeatable: bool = False


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


def _unknown(look: str) -> ApiError:
    return api_error(
        409,
        "OUTCOME_UNKNOWN",
        "This request was begun before, and a restart or failure came before its answer: it may "
        f"have taken effect and is not carried out again. Look at {look}; to ask anew, use a "
        "new key.",
        "Idempotency-Key",
    )


def _had_no_effect(error: BaseException) -> bool:
    refused = (ApiError, ValidationError, DeniedError, VenueError)
    return isinstance(error, refused) and not isinstance(error, InDoubtError)


class Once:
    """Requests by key, the latest of them.

    Args:
        store: Keeps keys for the next process.
    """

    def __init__(self, store: KeyStore | None = None) -> None:
        self._store = store if store is not None else NoFile()
        self._kept = self._store.load()
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def run(self, asked: Asked[T], act: Callable[[], Awaitable[T]]) -> T:
        """Return what ``act`` returned, calling it only if this key has not.

        Raises:
            ApiError: When the key was used for another request, or with an end nobody knows.
        """
        key = asked.key
        if key is None:
            return await act()
        kept = self._kept.get(key)
        if kept is None:
            return await self._begin(key, asked, act)
        if kept.request != asked.request:
            raise reused()
        if key in self._running:
            result: T = await asyncio.shield(self._running[key])
            return result
        if kept.answer is not None:
            return _read(kept.answer, asked)
        if asked.is_repeatable:
            return await self._begin(key, asked, act)
        raise _unknown(asked.look)

    async def _begin(self, key: str, asked: Asked[T], act: Callable[[], Awaitable[T]]) -> T:
        kept = self._kept[key] = Kept(asked.request)
        while len(self._kept) > KEYS_MAX:
            del self._kept[next(iter(self._kept))]
        self._store.begun(key, kept)
        # A task of its own: a caller that hangs up does not take the others' answer along.
        task = self._running[key] = asyncio.ensure_future(self._carry_out(key, kept, act))
        task.add_done_callback(_looked_at)
        return await asyncio.shield(task)

    async def _carry_out(self, key: str, kept: Kept, act: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await act()
        except BaseException as error:
            if _had_no_effect(error):
                self._kept.pop(key, None)
                self._store.ended(key, None)
            raise
        finally:
            del self._running[key]
        kept.answer = msgspec.json.encode(result)
        # Kept before anybody hears it: what was answered once is answered again.
        self._store.ended(key, kept)
        return result


def _looked_at(task: asyncio.Task[Any]) -> None:
    # Or it is complained about when every caller has hung up.
    if not task.cancelled():
        task.exception()


def _read(answer: bytes, asked: Asked[T]) -> T:
    try:
        return msgspec.json.decode(answer, type=asked.shape)
    except msgspec.MsgspecError:
        # Another version's answer: it was carried out, more cannot be told.
        raise _unknown(asked.look) from None
