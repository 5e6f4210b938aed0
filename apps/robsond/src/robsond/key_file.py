"""The keys of commands, kept beside the database: a restart does not forget them.

Two lines for each: that a command was begun, on the disk before the machine hears of it, and how
it ended. A line is one JSON object, so a torn last one is told from a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal, Protocol

import attrs
import msgspec

from robson_domain import ConfigurationError
from robsond import logs
from robsond.system import LineFile

log = logs.logger(__name__)

KEYS_FILE: Final = "keys.jsonl"
KEYS_MAX: Final = 10_000
"""Keys remembered, the latest."""
_LINES_MAX: Final = 4 * KEYS_MAX
"""The file is rewritten when it has so many lines; half of them are of no use then."""


@attrs.define
class Kept:
    """What is known of a key.

    Attributes:
        request: Method, path and a digest of the body.
        answer: JSON text; None while there is none, and for ever if the end is not known.
    """

    request: str
    answer: bytes | None = None


class KeyStore(Protocol):
    """Where :class:`robsond.idempotency.Once` keeps its keys."""

    def load(self) -> dict[str, Kept]:
        """Return every key that is kept, oldest first."""
        ...

    def begun(self, key: str, kept: Kept) -> None:
        """Keep that a command was begun, before it is."""
        ...

    def ended(self, key: str, kept: Kept | None) -> None:
        """Keep how it ended; None = without any effect, so that it may be tried again."""
        ...

    def close(self) -> None:
        """Keep nothing any more; idempotent."""
        ...


class NoFile:
    """Keys are kept by nobody but their owner; for tests and ``ROBSON_ENV=test``."""

    def load(self) -> dict[str, Kept]:
        """Return none."""
        return {}

    def begun(self, key: str, kept: Kept) -> None:
        """Do nothing."""

    def ended(self, key: str, kept: Kept | None) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class _Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    key: str
    state: Literal["begun", "answered", "refused"]
    request: str = ""
    answer: msgspec.Raw = msgspec.Raw(b"null")


def _text(line: _Line) -> str:
    return msgspec.json.encode(line).decode()


class KeyFile:
    """Keys in a file of the data directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEYS_FILE
        self._file = LineFile(self._path)
        self._kept: dict[str, Kept] = {}
        self._lines = 0
        self._is_whole = True
        self._is_closed = False

    def load(self) -> dict[str, Kept]:
        """Read the file and make it as short as it can be.

        Raises:
            ConfigurationError: When it cannot be read or written.
        """
        try:
            self._read(self._file.read())
            self._rewrite()
        except OSError as error:
            raise ConfigurationError(
                f"cannot use {self._path}: {error.strerror}; look at who may read and write it"
            ) from None
        return {key: attrs.evolve(kept) for key, kept in self._kept.items()}

    def _read(self, lines: list[bytes]) -> None:
        for number, text in enumerate(lines, start=1):
            try:
                line = msgspec.json.decode(text, type=_Line)
            except (msgspec.MsgspecError, UnicodeError):
                # Nothing was begun on the word of a last line that is torn.
                if number < len(lines):
                    log.error("a line cannot be read; its key is forgotten",
                              file=str(self._path), line=number)  # fmt: skip
                continue
            self._apply(line)

    def _apply(self, line: _Line) -> None:
        if line.state == "begun":
            self._kept[line.key] = Kept(line.request)
            while len(self._kept) > KEYS_MAX:
                del self._kept[next(iter(self._kept))]
        elif line.state == "refused":
            self._kept.pop(line.key, None)
        elif line.key in self._kept:
            self._kept[line.key].answer = bytes(line.answer)

    def begun(self, key: str, kept: Kept) -> None:
        """Keep that a command was begun, before it is; on the disk when this returns."""
        self._write(_Line(key=key, state="begun", request=kept.request))

    def ended(self, key: str, kept: Kept | None) -> None:
        """Keep how it ended; on the disk when this returns."""
        if kept is None:
            self._write(_Line(key=key, state="refused"))
        elif kept.answer is not None:
            self._write(_Line(key=key, state="answered", answer=msgspec.Raw(kept.answer)))

    def _write(self, line: _Line) -> None:
        if self._is_closed:
            return  # the file may be another process's by now
        self._apply(line)
        try:
            if self._is_whole and self._lines < _LINES_MAX and self._file.is_in_place:
                self._file.append(_text(line))
                self._lines += 1
            else:
                self._rewrite()
        except OSError as error:
            # A part of the line may be there; the next write makes the file anew.
            self._is_whole = False
            log.error(
                "an idempotency key is not saved; after a restart it is not recognized",
                file=str(self._path),
                why=error.strerror,
            )

    def _rewrite(self) -> None:
        lines = [_text(line) for line in _lines_of(self._kept)]
        self._file.replace(lines)
        self._lines, self._is_whole = len(lines), True

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._is_closed = True
        self._file.close()


def _lines_of(kept: dict[str, Kept]) -> Iterable[_Line]:
    for key, one in kept.items():
        yield _Line(key=key, state="begun", request=one.request)
        if one.answer is not None:
            yield _Line(key=key, state="answered", answer=msgspec.Raw(one.answer))
