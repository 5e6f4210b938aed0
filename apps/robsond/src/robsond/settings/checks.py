"""What settings must mean together."""

from __future__ import annotations

import ipaddress
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

import attrs

from robson_domain import ConfigurationError, decimals
from robsond import system
from robsond.settings.model import Settings

LIVE_CAP: Final = 50
"""Value of a position in live mode that needs no phrase, quote currency."""
BUILT_IN: Final = ("paper", "memory", "binance")


def is_loopback(host: str) -> bool:
    """Say whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def together(settings: Settings) -> Settings:
    """Return the settings with what follows from others filled in.

    Raises:
        ConfigurationError: Naming every combination that cannot work and the way out.
    """
    found = (
        *_mode(settings),
        *_venue(settings),
        *_address(settings),
        *_recording(settings),
    )
    if found:
        raise ConfigurationError("\n".join(found))
    if settings.is_recording:
        market = attrs.evolve(settings.market, source="recording")
        settings = attrs.evolve(settings, market=market)
    return settings


def _mode(settings: Settings) -> list[str]:
    if settings.mode == "paper":
        return []
    if settings.venue in ("paper", "memory"):
        problem = (
            f"ROBSON_MODE: {settings.mode} needs an account at a venue; set "
            "ROBSON_CONNECTOR=binance, or ROBSON_MODE=paper"
        )
        return [problem]
    found = []
    if settings.venue == "binance" and not (
        settings.binance.api_key and settings.binance.api_secret
    ):
        found.append(
            f"BINANCE_API_KEY: {settings.mode} mode needs the key and BINANCE_API_SECRET, or their "
            "files in BINANCE_API_KEY_FILE and BINANCE_API_SECRET_FILE"
        )
    if settings.mode == "live" and settings.seed:
        found.append(
            "ROBSON_SEED: ids that repeat are for tests; live mode needs ids that never do"
        )
    cap = settings.live.position_cap
    # Empty is asked for when live mode starts: it may have been typed before, or be typed then.
    if cap > LIVE_CAP and settings.live.cap_confirm not in ("", cap_phrase(cap)):
        found.append(
            f'ROBSON_LIVE_CAP_CONFIRM: a cap above {LIVE_CAP} needs the phrase "{cap_phrase(cap)}"'
        )
    if settings.mode == "shadow" and settings.protection.safety_net == "act":
        found.append(
            "ROBSON_SAFETY_NET: shadow mode sends no order, so nothing can act; set it to "
            "observe, or ROBSON_MODE=live"
        )
    return found


def cap_phrase(cap: Decimal) -> str:
    """Return the words that raise the cap of live mode."""
    return f"positions up to {decimals.text(cap)}"


def _venue(settings: Settings) -> list[str]:
    if settings.venue in BUILT_IN or settings.plugins.allow:
        return []
    problem = (
        f"ROBSON_CONNECTOR: {settings.venue} is neither paper nor memory; to load it from another "
        "package, name that package in ROBSON_PLUGINS_ALLOW"
    )
    return [problem]


def _address(settings: Settings) -> list[str]:
    http = settings.http
    if is_loopback(http.host):
        return []
    problems = []
    if not http.behind_proxy:
        problems.append(
            f"ROBSON_HTTP_HOST: {http.host} can be reached from other machines, without "
            "encryption; listen on 127.0.0.1, or put a proxy with TLS in front and set "
            "ROBSON_BEHIND_PROXY=true"
        )
    if not http.api_token:
        problems.append(
            f"ROBSON_API_TOKEN: must be your own when listening on {http.host}; set it or "
            "ROBSON_API_TOKEN_FILE"
        )
    return problems


def _recording(settings: Settings) -> list[str]:
    market = settings.market
    if not settings.is_recording:
        if market.source != "recording":
            return []
        files = "ROBSON_TRADES_FILE or ROBSON_FRAMES_FILE"
        return [f"ROBSON_MARKET: a recording needs its file; set {files}"]
    problems = []
    if settings.venue != "paper":
        problems.append("ROBSON_CONNECTOR: only paper plays back a recording; set it to paper")
    if market.trades_file is not None and market.frames_file is not None:
        problems.append("ROBSON_FRAMES_FILE: ROBSON_TRADES_FILE is set too; keep one of the two")
    if market.trades_file is not None and not system.exists(market.trades_file):
        # Said alone: what the file lacks is only known once it is there.
        problems.append(f"ROBSON_TRADES_FILE: there is no file {market.trades_file}")
    elif market.trades_file is not None and market.symbol is None:
        problems.append("ROBSON_SYMBOL: say which pair of the file to play; set it, e.g. BTCUSDT")
    return problems


def hints(settings: Settings) -> tuple[str, ...]:
    """Return what is allowed but worth a second look."""
    found = []
    if urlsplit(settings.database_url).password:
        found.append(
            "DATABASE_URL holds a password that other programs of this user can see; use "
            "DATABASE_URL_FILE"
        )
    if settings.http.api_token and settings.http.behind_proxy and not settings.http.allowed_hosts:
        found.append("ROBSON_ALLOWED_HOSTS is empty: only localhost and 127.0.0.1 are answered")
    if settings.mode == "paper" and settings.protection.safety_net:
        found.append(
            "ROBSON_SAFETY_NET has no effect in paper mode: nothing of yours is on a paper account"
        )
    if not settings.is_recording and settings.market.playback_speed != "1":
        found.append("ROBSON_PLAYBACK_SPEED has no effect without a recording")
    return tuple(found)
