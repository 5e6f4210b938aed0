"""The composition root's part for Binance: from settings to a connector, live or on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from robson_connectors.binance import (
    ApiKeys,
    BinanceConnector,
    BinanceParts,
    Finding,
    hosts_of,
)
from robson_connectors.paper.live import LivePaperConnector
from robson_domain import Clock, ConfigurationError, Money, Symbol
from robson_engine import VenueAssumptions
from robsond import logs, system
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
    key = settings.binance.api_key.reveal()
    return f"binance-{hashlib.sha256(key.encode()).hexdigest()[:10]}" if key else "binance-public"


def require_confirmed(settings: Settings) -> None:
    """Make sure that live mode was asked for by name.

    Raises:
        ConfigurationError: With what to set.
    """
    if settings.mode != "live":
        return
    wanted = account_id(settings)
    if settings.live.confirm != wanted:
        raise ConfigurationError(
            "ROBSON_LIVE_CONFIRM: live mode trades real money; to start it on this account, set "
            f"ROBSON_LIVE_CONFIRM={wanted}"
        )


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
        ConfigurationError: For settings that cannot be used, and live mode without confirmation.
        StoreError: When the paper account's ledger cannot be used.
    """
    require_confirmed(settings)
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
) -> tuple[Finding, ...]:
    """Return what the doctor finds at the venue; nothing is written there.

    Raises:
        ConfigurationError: For settings that cannot be used.
    """
    looked_at = connector(settings, clock, may_send=False)
    try:
        return await looked_at.doctor.examine(symbols)
    finally:
        await looked_at.close()
