"""What a person must have said before real money is traded, and what of it is kept.

A confirmation is bound to the account and to the database: another key or another database needs
another one. It is kept in the data directory, so that a service manager can start the daemon
again without anybody typing.

    first start          the phrase, typed or in ROBSON_LIVE_CONFIRM; there the account's id will do
    later starts         nothing, as long as account and database are the same
    another database     the phrase, which names both
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from robson_domain import ConfigurationError, ValidationError, decimals
from robsond import system
from robsond.settings.checks import LIVE_CAP, cap_phrase
from robsond.settings.parts import Live

KEPT_FILE: Final = "live-confirmed.json"
_VERSION: Final = 1
_DIGITS: Final = 10
_SQLITE: Final = "sqlite:///"


def database_id(epoch: str) -> str:
    """Return what a database is called: a fingerprint of the name it got when it was made."""
    return f"db-{hashlib.sha256(epoch.encode()).hexdigest()[:_DIGITS]}"


def place_of(url: str) -> str:
    """Return where a database is, without user and password."""
    if url.startswith(_SQLITE):
        return url.removeprefix(_SQLITE)
    parts = urlsplit(url)
    host = parts.hostname or "this machine"
    return f"{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


@attrs.frozen(kw_only=True)
class Subject:
    """What is to be traded, with what.

    Attributes:
        account: Its id, a fingerprint of the key.
        database: Its id; see :func:`database_id`.
        cap: Largest value of a position, quote currency.
        risks: What the key may do beyond trading, in words.
    """

    account: str
    database: str
    cap: Decimal
    risks: tuple[str, ...] = ()

    @property
    def phrase(self) -> str:
        """What confirms this account with this database."""
        return f"{self.account}/{self.database}"


@attrs.frozen(kw_only=True)
class Accepted:
    """What was confirmed for an account, as far as it is kept."""

    database: str
    cap: Decimal = Decimal(LIVE_CAP)
    risks: frozenset[str] = frozenset()


@attrs.frozen(kw_only=True)
class Need:
    """One thing a person has not said yet.

    Attributes:
        setting: Variable that says it.
        phrase: What to set it to, or to type.
        why: What is asked for, or what has changed.
        can_be_typed: Not when a setting says something else: that has to be cleared up first.
    """

    setting: str
    phrase: str
    why: str
    can_be_typed: bool = True

    @property
    def said(self) -> str:
        """The refusal, with exactly what to set."""
        quoted = f'"{self.phrase}"' if " " in self.phrase else self.phrase
        return f"{self.setting}: {self.why}, set {self.setting}={quoted}"


def key_phrase(risks: tuple[str, ...]) -> str:
    """Return the words that accept a key with such rights."""
    return f"use a key that {' and '.join(risks)}"


def needs(subject: Subject, kept: Accepted | None, live: Live) -> tuple[Need, ...]:
    """Return what is still to be said; empty when live mode may start."""
    same = kept if kept is not None and kept.database == subject.database else None
    found = (_account_need(subject, kept, live), _cap_need(subject, same, live))
    return tuple(need for need in (*found, key_need(subject, same, live)) if need is not None)


def _account_need(subject: Subject, kept: Accepted | None, live: Live) -> Need | None:
    if live.confirm == subject.phrase:
        return None
    if live.confirm not in ("", subject.account):
        why = (
            f'it says "{live.confirm}", and this is the account {subject.account} with the '
            f"database {subject.database}"
        )
        return Need(
            setting="ROBSON_LIVE_CONFIRM", phrase=subject.phrase, why=why, can_be_typed=False
        )
    if kept is None:
        if live.confirm:
            return None
        why = "live mode trades real money; to start it on this account"
        return Need(setting="ROBSON_LIVE_CONFIRM", phrase=subject.phrase, why=why)
    if kept.database == subject.database:
        return None
    why = (
        f"the database has changed: {subject.account} was confirmed with {kept.database}, and this "
        f"is {subject.database}, which knows nothing of the positions, debts and limits of the "
        "other; put the other one back, or to trade with this one"
    )
    return Need(setting="ROBSON_LIVE_CONFIRM", phrase=subject.phrase, why=why)


def _cap_need(subject: Subject, same: Accepted | None, live: Live) -> Need | None:
    phrase = cap_phrase(subject.cap)
    if subject.cap <= LIVE_CAP or live.cap_confirm == phrase:
        return None
    if same is not None and subject.cap <= same.cap:
        return None
    why = f"a cap of {decimals.text(subject.cap)} is above {LIVE_CAP}; to trade with it"
    return Need(setting="ROBSON_LIVE_CAP_CONFIRM", phrase=phrase, why=why)


def key_need(subject: Subject, same: Accepted | None, live: Live) -> Need | None:
    """Return what is to be said about the key.

    Args:
        same: What was confirmed for this account with this database.
    """
    phrase = key_phrase(subject.risks)
    if not subject.risks or live.key_confirm == phrase:
        return None
    if same is not None and same.risks.issuperset(subject.risks):
        return None
    why = (
        f"the key {' and '.join(subject.risks)}: whoever steals it could take more than a trade "
        "loses; change that at the venue, or to use it all the same"
    )
    return Need(setting="ROBSON_LIVE_KEY_CONFIRM", phrase=phrase, why=why)


# ------------------------------------------------------------------------------ what is kept


class KeptFile:
    """The confirmations of a data directory, by account; for this user alone."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEPT_FILE

    def of(self, account: str) -> Accepted | None:
        """Return what was confirmed for ``account``, None when nothing was.

        Raises:
            ConfigurationError: When the file cannot be trusted; with the way out.
        """
        return self._load().get(account)

    def _load(self) -> dict[str, Accepted]:
        if not system.exists(self._path):
            return {}
        try:
            if not system.is_private(self._path):
                raise ConfigurationError(
                    f"{self._path} holds what you confirmed and others may touch it; look at it, "
                    f"then run: chmod 600 {self._path}"
                )
            return _parsed(json.loads(system.read_text(self._path)))
        except (OSError, ValueError, TypeError, KeyError, ValidationError):
            raise ConfigurationError(
                f"{self._path} cannot be read; remove it and confirm again"
            ) from None

    def save(self, subject: Subject) -> None:
        """Keep that ``subject`` was confirmed; what was kept of the same pair stays.

        Raises:
            ConfigurationError: When it cannot be written; nothing may be traded then.
        """
        kept = self._load()
        before = kept.get(subject.account)
        now = Accepted(
            database=subject.database,
            cap=max(subject.cap, Decimal(LIVE_CAP)),
            risks=frozenset(subject.risks),
        )
        if before is not None and before.database == subject.database:
            now = attrs.evolve(now, cap=max(now.cap, before.cap), risks=before.risks | now.risks)
        if now == before:
            return
        try:
            system.write_private(self._path, _text({**kept, subject.account: now}))
        except OSError as error:
            raise ConfigurationError(
                f"{self._path} cannot be written ({error.strerror}): the confirmation would be "
                "asked for again at every start"
            ) from None


def _text(kept: Mapping[str, Accepted]) -> str:
    accounts = {
        account: {
            "database": one.database,
            "position_cap": decimals.text(one.cap),
            "key_risks": sorted(one.risks),
        }
        for account, one in kept.items()
    }
    return json.dumps({"version": _VERSION, "accounts": accounts}, indent=2) + "\n"


def _parsed(content: Any) -> dict[str, Accepted]:
    if content["version"] != _VERSION:
        raise ValueError("another version")
    return {
        str(account): Accepted(
            database=str(one["database"]),
            cap=decimals.to_decimal(one["position_cap"]),
            risks=frozenset(str(risk) for risk in one["key_risks"]),
        )
        for account, one in content["accounts"].items()
    }


def require_kept(folder: Path, account: str, cap: Decimal) -> None:
    """Make sure that a confirmation was kept before anything can be sent.

    Raises:
        ConfigurationError: When none was.
    """
    kept = KeptFile(folder).of(account)
    if kept is None or cap > kept.cap:
        raise ConfigurationError(f"live mode was not confirmed for {account} in {folder}")
