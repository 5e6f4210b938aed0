"""Who may do what: tokens, their scopes, and patience with wrong ones.

In memory there are digests only. Wrong tokens meet growing waits, per source and in all, but a
right one is always served: nobody can lock the person out of their own machine.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Final

import attrs

from robson_domain import ConfigurationError
from robsond import logs, system
from robsond.secret import Secret

log = logs.logger(__name__)

TOKEN_FILE: Final = "token"  # noqa: S105 (a file's name)
_SECOND_NS: Final = 1_000_000_000


class Scope(IntEnum):
    """What a caller may do; each includes the ones before."""

    PUBLIC = 0
    READ = 1
    TRADE = 2
    ADMIN = 3


FILES: Final[Mapping[str, Scope]] = {
    TOKEN_FILE: Scope.ADMIN,
    "token-trade": Scope.TRADE,
    "token-read": Scope.READ,
}
"""Where the tokens of each scope are kept, in the data directory."""


class Keyring:
    """The tokens that are accepted now."""

    def __init__(self, tokens: Mapping[bytes, Scope]) -> None:
        self._tokens = dict(tokens)

    def scope_of(self, token: str) -> Scope | None:
        """Return the scope of ``token``, None when it is none of ours; takes equally long."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found: Scope | None = None
        for known, scope in self._tokens.items():
            if hmac.compare_digest(known, digest):
                found = scope
        return found

    def replace(self, tokens: Mapping[bytes, Scope]) -> None:
        """Accept these tokens from now on, and no others."""
        self._tokens = dict(tokens)


class TokenFiles:
    """The token files of a data directory, made when missing.

    Removing a file and waiting a moment gives a new token; the old one is refused from then on.

    Args:
        own: The person's own token from the settings; replaces the file ``token``.
    """

    def __init__(self, folder: Path, own: Secret) -> None:
        self._folder = folder
        self._own = own
        self._problem = ""

    def load(self) -> dict[bytes, Scope]:
        """Return digest and scope of every token, making missing files.

        Raises:
            ConfigurationError: When a file cannot be used; naming it and the fix.
        """
        found: dict[bytes, Scope] = {}
        for name, scope in FILES.items():
            secret = self._own if name == TOKEN_FILE and self._own else self._from_file(name)
            logs.hide([secret])
            found[secret.digest()] = scope
        return found

    def _from_file(self, name: str) -> Secret:
        path = self._folder / name
        if not system.exists(path):
            system.write_private(path, system.new_token() + "\n")
        return Secret(system.read_secret(path))

    def refresh(self, keyring: Keyring) -> None:
        """Take over changed files; while one cannot be used no token of a file is accepted."""
        try:
            keyring.replace(self.load())
            self._problem = ""
        except (ConfigurationError, OSError) as error:
            if str(error) != self._problem:
                self._problem = str(error)
                log.error("tokens cannot be read; none of them is accepted", why=self._problem)
            keyring.replace({self._own.digest(): Scope.ADMIN} if self._own else {})


@attrs.define
class _Record:
    failures: int = 0
    last: int = 0
    until: int = 0


class Patience:
    """Counts wrong tokens and says how long to wait for the next one to be looked at.

    Times are UTC ns; sources are addresses.
    """

    FREE: Final = 5
    """Failures of one source that cost nothing: typing errors."""
    FREE_IN_ALL: Final = 60
    """The same over all sources."""
    LONGEST_NS: Final = 60 * _SECOND_NS
    SOURCES_MAX: Final = 1_000

    def __init__(self) -> None:
        self._sources: dict[str, _Record] = {}
        self._all = _Record()

    def failed(self, source: str, now: int) -> int:
        """Note a wrong token; return how many ns the caller must wait, 0 for not at all.

        While it must wait nothing more is counted, so that impatience alone never lengthens it.
        """
        if source not in self._sources and len(self._sources) >= self.SOURCES_MAX:
            del self._sources[next(iter(self._sources))]
        own = self._sources.setdefault(source, _Record())
        return max(self._note(own, self.FREE, now), self._note(self._all, self.FREE_IN_ALL, now))

    def _note(self, record: _Record, free: int, now: int) -> int:
        if now < record.until:
            return record.until - now
        if now - record.last > 2 * self.LONGEST_NS:
            record.failures = 0
        record.failures += 1
        record.last = now
        if record.failures <= free:
            return 0
        wait = min(_SECOND_NS << min(record.failures - free - 1, 6), self.LONGEST_NS)
        record.until = now + wait
        return wait
