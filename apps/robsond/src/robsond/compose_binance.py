"""The composition root's part for Binance: from settings to a connector, live or on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from robson_connectors.binance import (
    ApiKeys,
    BinanceConnector,
    BinanceParts,
    Wanted,
    hosts_of,
)
from robson_connectors.paper.live import LivePaperConnector
from robson_domain import Clock, ConfigurationError, Money, PairBalances, Symbol, decimals
from robson_engine import VenueAssumptions
from robsond import findings, logs, system
from robsond.live_confirm import KeptFile, Subject, database_id, key_need, require_kept
from robsond.live_start import LiveStart, NoFacts
from robsond.settings import Settings

log = logs.logger(__name__)

BANS_FILE: Final = "binance-ban"
LIVE_LEDGER_FILE: Final = "paper-binance-ledger.db"
_MS: Final = 1_000_000


class BanFile:
    """Remembers the end of a ban in the data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> int:
        """Return what was saved last, UTC ns, 0 when there is nothing usable."""
        try:
            return int(system.read_text(self._path)) if system.exists(self._path) else 0
        except (ConfigurationError, ValueError):
            return 0

    def save(self, until: int) -> None:
        """Keep ``until``; a ban that cannot be kept is still respected by this process."""
        try:
            system.write_private(self._path, f"{until}\n")
        except (OSError, ConfigurationError) as error:
            log.warning("the end of a ban was not kept", why=type(error).__name__)


def account_id(settings: Settings) -> str:
    """Return what the account is called: a fingerprint of its key, which tells nothing of it.

    The live confirmation repeats it.
    """
    if settings.venue != "binance":
        return settings.venue
    key = settings.binance.api_key.reveal()
    return f"binance-{hashlib.sha256(key.encode()).hexdigest()[:10]}" if key else "binance-public"


class AccountFacts:
    """What the venue says of the account; see :class:`robsond.live_start.LiveFacts`."""

    def __init__(self, asked: BinanceConnector) -> None:
        self._asked = asked

    async def risks(self) -> tuple[str, ...]:
        """Return what the key may do beyond trading, in words.

        Raises:
            VenueError: When the venue does not say.
        """
        return await self._asked.doctor.risks()

    async def balances(self) -> tuple[str, ...]:
        """Return what each pair holds.

        Raises:
            VenueError: When the venue does not say.
        """
        return tuple(_balance(pair) for pair in await self._asked.holdings.pairs())


def _balance(pair: PairBalances) -> str:
    amounts = [
        f"{decimals.text(decimals.rounded(each.net, 8))} {each.asset}"
        for each in (pair.base, pair.quote)
    ]
    return f"{pair.symbol}: {', '.join(amounts)}"


async def confirm(settings: Settings, clock: Clock, epoch: str, url: str) -> None:
    """Make sure that live mode was confirmed for this account and database, or ask.

    Args:
        epoch: Identity of the database that is open.
        url: Where it is.

    Raises:
        ConfigurationError: With what to set; nothing was sent but questions.
    """
    if settings.mode != "live":
        return
    subject = Subject(
        account=account_id(settings),
        database=database_id(epoch),
        cap=settings.live.position_cap,
    )
    if settings.venue != "binance":
        await LiveStart(settings, NoFacts(), url).require(subject)
        return
    asked = connector(settings, clock, may_send=False)
    try:
        await LiveStart(settings, AccountFacts(asked), url).require(subject)
    finally:
        await asked.close()


def connector(settings: Settings, clock: Clock, *, may_send: bool) -> BinanceConnector:
    """Return the connector that the settings ask for.

    Args:
        may_send: Whether orders may leave; needs live mode besides.

    Raises:
        ConfigurationError: For hosts or keys that cannot be used.
    """
    wanted = settings.binance
    hosts = hosts_of(
        base_url=wanted.base_url,
        ws_url=wanted.ws_url,
        ws_api_url=wanted.ws_api_url,
        extra_hosts=wanted.extra_hosts,
    )
    is_paper = settings.mode == "paper"
    keys = None
    if wanted.api_key and wanted.api_secret and not is_paper:
        keys = ApiKeys(wanted.api_key.reveal(), wanted.api_secret.reveal())
    return BinanceConnector(
        BinanceParts(
            hosts=hosts,
            clock=clock,
            jitter=system.jitter,
            notify=_notify,
            keys=keys,
            is_read_only=not (may_send and settings.mode == "live"),
            bans=BanFile(settings.data_dir / BANS_FILE),
        )
    )


def _notify(name: str, facts: Mapping[str, str]) -> None:
    log.warning("alert", name=name, severity="warning", facts=dict(facts))


def venue(
    settings: Settings, clock: Clock, balance: Money
) -> BinanceConnector | LivePaperConnector:
    """Return the venue: the account itself, or a paper account on the live market.

    Args:
        balance: What a pair of the paper account is funded with, quote currency.

    Raises:
        ConfigurationError: For settings that cannot be used, and live mode that was not confirmed
            (:func:`confirm`).
        StoreError: When the paper account's ledger cannot be used.
    """
    if settings.mode == "live":
        require_kept(settings.data_dir, account_id(settings), settings.live.position_cap)
    real = connector(settings, clock, may_send=True)
    if settings.mode != "paper":
        return real
    assumptions = VenueAssumptions(
        taker_fee_rate=settings.market.fee_rate, latency_ns=settings.market.latency_ms * _MS
    )
    in_memory = settings.environment == "test"
    ledger = None if in_memory else str(settings.data_dir / LIVE_LEDGER_FILE)
    return LivePaperConnector(real, ledger, assumptions, balance, clock)


async def examine(
    settings: Settings, clock: Clock, symbols: tuple[Symbol, ...]
) -> tuple[findings.Finding, ...]:
    """Return what the doctor finds at the venue; nothing is written there.

    Raises:
        ConfigurationError: For settings that cannot be used.
    """
    wanted = Wanted(
        position_value=settings.live.position_cap,
        accepts=partial(_is_accepted, settings),
        needs_key=settings.mode != "paper",
    )
    looked_at = connector(settings, clock, may_send=False)
    try:
        found = await looked_at.doctor.examine(symbols, wanted)
    finally:
        await looked_at.close()
    return tuple(
        findings.Finding(each.name, each.level.value, each.seen, each.advice) for each in found
    )


def _is_accepted(settings: Settings, risks: tuple[str, ...]) -> bool:
    account = account_id(settings)
    try:
        kept = KeptFile(settings.data_dir).of(account)
    except ConfigurationError:
        kept = None  # the doctor says what is wrong with the file
    subject = Subject(
        account=account,
        database=kept.database if kept is not None else "",
        cap=settings.live.position_cap,
        risks=risks,
    )
    return key_need(subject, kept, settings.live) is None
