"""The start of live mode: what is missing is asked for at the terminal, or refused.

Nothing is sent to the venue but questions, and nothing is asked there before the settings alone
would do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from robson_domain import ConfigurationError, VenueError, decimals
from robsond import logs
from robsond.live_confirm import Accepted, KeptFile, Need, Subject, needs, place_of
from robsond.settings import Settings
from robsond.system import terminal

log = logs.logger(__name__)

_VENUE_SECONDS: Final = 20
"""How long a first start waits for what the venue says."""
_RESTART_SECONDS: Final = 2
"""A restart may have stops to watch."""
_WIDTH: Final = 10


class LiveFacts(Protocol):
    """What the venue says of the account."""

    async def risks(self) -> tuple[str, ...]:
        """Return what the key may do beyond trading, in words."""
        ...

    async def balances(self) -> tuple[str, ...]:
        """Return what is in the account, a line each."""
        ...


class NoFacts:
    """For a venue whose keys and balances nobody here can read."""

    async def risks(self) -> tuple[str, ...]:
        """Return none."""
        return ()

    async def balances(self) -> tuple[str, ...]:
        """Say so."""
        return ("not known for this connector",)


class LiveStart:
    """One start of live mode.

    Args:
        url: Where the database is.
    """

    def __init__(self, settings: Settings, facts: LiveFacts, url: str) -> None:
        self._settings = settings
        self._facts = facts
        self._url = url
        self._file = KeptFile(settings.data_dir)

    async def require(self, subject: Subject) -> None:
        """Return once live mode was confirmed, and keep that it was.

        Raises:
            ConfigurationError: With everything that is to be set.
        """
        kept = self._file.of(subject.account)
        live = self._settings.live
        attended = terminal.is_attended()
        _refuse(needs(subject, kept, live), attended)
        subject = attrs.evolve(subject, risks=await self._risks(subject, kept))
        missing = needs(subject, kept, live)
        _refuse(missing, attended)
        if missing:
            await self._ask(subject, missing)
        self._file.save(subject)

    async def _risks(self, subject: Subject, kept: Accepted | None) -> tuple[str, ...]:
        """Return what the key may do beyond trading, as far as it is to be confirmed.

        What was confirmed before may have stops to watch: nothing that is only found now keeps it
        from starting, and a venue that is slow does so for a moment alone.
        """
        is_restart = kept is not None and kept.database == subject.database
        patience = _RESTART_SECONDS if is_restart else _VENUE_SECONDS
        try:
            async with asyncio.timeout(patience):
                found = await self._facts.risks()
        except (VenueError, TimeoutError) as error:
            why = error.message if isinstance(error, VenueError) else "no answer in time"
            log.warning("the rights of the key could not be asked; robson doctor does", why=why)
            return ()
        if kept is None or not is_restart:
            return found
        added = [risk for risk in found if risk not in kept.risks]
        if added:
            log.error("the key may do more than was confirmed", more=" and ".join(added))
        return tuple(risk for risk in found if risk in kept.risks)

    async def _ask(self, subject: Subject, missing: Sequence[Need]) -> None:
        terminal.say(_told(await self._lines(subject)))
        for need in missing:
            terminal.say(f"\n{need.why[0].upper()}{need.why[1:]}, type:\n\n    {need.phrase}\n\n> ")
            if await terminal.read_line() != need.phrase:
                raise ConfigurationError(
                    f"the phrase was not typed, so live mode was not started. {need.said}"
                )

    async def _lines(self, subject: Subject) -> list[tuple[str, str]]:
        limits, capital = self._settings.limits, decimals.text(self._settings.capital)
        lost = decimals.text(limits.max_daily_loss_percent)
        risked = decimals.text(limits.max_total_risk_percent)
        return [
            ("mode", f"live, {self._settings.venue}"),
            ("account", f"{subject.account} (a fingerprint of the key)"),
            ("key", " and ".join(subject.risks) or "no right beyond reading and trading"),
            *(("balance", line) for line in await self._balances()),
            ("database", f"{subject.database} at {place_of(self._url)}"),
            ("position", f"worth at most {decimals.text(subject.cap)}"),
            ("limits", f"{limits.max_open_positions} positions at once"),
            ("", f"{lost} % of the capital of {capital} lost a day, {risked} % at risk at once"),
            ("pairs", ", ".join(limits.allowed_symbols) or "any"),
        ]

    async def _balances(self) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(_VENUE_SECONDS):
                return await self._facts.balances() or ("no pair is activated",)
        except (VenueError, TimeoutError) as error:
            why = error.message if isinstance(error, VenueError) else "no answer in time"
            return (f"could not be asked: {why}",)


def _told(lines: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"  {name:{_WIDTH}}{text}\n" for name, text in lines)
    return f"\nThis starts live mode: orders with real money.\n\n{rows}"


def _refuse(missing: Sequence[Need], attended: bool) -> None:
    if attended and all(need.can_be_typed for need in missing):
        return
    if missing:
        raise ConfigurationError("\n".join(need.said for need in missing))
