"""The groups of settings: name in the environment, default, meaning."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
from typed_settings.constants import METADATA_KEY

from robson_domain import Symbol
from robsond.secret import Secret
from robsond.settings import parse

ENV: Final = "env"
PARSE: Final = "parse"
HELP: Final = "help"
SECRET: Final = "secret"  # noqa: S105 (the key of a marker)

NO_SECRET: Final = Secret("")


def is_named(env: str, parser: parse.Parser, about: str, *, secret: bool = False) -> dict[str, Any]:
    """Return the metadata of one setting, where typed-settings looks for it."""
    return {METADATA_KEY: {ENV: env, PARSE: parser, HELP: about, SECRET: secret}}


@attrs.frozen(kw_only=True)
class Http:
    """Where the API listens and who may call it."""

    host: str = attrs.field(
        default="127.0.0.1",
        metadata=is_named(
            "ROBSON_HTTP_HOST",
            parse.host,
            "Address to listen on. Anything but loopback also needs ROBSON_BEHIND_PROXY and "
            "a token of your own in ROBSON_API_TOKEN.",
        ),
    )
    port: int = attrs.field(
        default=8080,
        metadata=is_named(
            "ROBSON_HTTP_PORT",
            parse.whole(0, 65535),
            "Port to listen on; 0 takes a free one and writes it to daemon.json.",
        ),
    )
    api_token: Secret = attrs.field(
        default=NO_SECRET,
        metadata=is_named(
            "ROBSON_API_TOKEN",
            parse.token,
            "Token with every scope. Without it one is made at the first start and kept in the "
            "file token of the data directory.",
            secret=True,
        ),
    )
    behind_proxy: bool = attrs.field(
        default=False,
        metadata=is_named(
            "ROBSON_BEHIND_PROXY",
            parse.flag,
            "A proxy in front of Robson speaks TLS; allows an address that is not loopback.",
        ),
    )
    allowed_hosts: tuple[str, ...] = attrs.field(
        default=(),
        metadata=is_named(
            "ROBSON_ALLOWED_HOSTS",
            parse.listed(parse.host),
            "Names under which the API may be called, beside localhost and 127.0.0.1.",
        ),
    )


@attrs.frozen(kw_only=True)
class Log:
    """What is written to standard error."""

    level: str = attrs.field(
        default="INFO",
        metadata=is_named(
            "LOG_LEVEL",
            parse.choice("DEBUG", "INFO", "WARNING", "ERROR"),
            "Least severe level that is written: DEBUG, INFO, WARNING or ERROR.",
        ),
    )
    format: str = attrs.field(
        default="auto",
        metadata=is_named(
            "ROBSON_LOG_FORMAT",
            parse.choice("auto", "json", "console"),
            "json, console, or auto: console on a terminal, json elsewhere.",
        ),
    )


_PERCENT: Final = parse.number("0", "100", above=True)
_OFF_OR_MONEY: Final = parse.optional(parse.number("0", "1000000000000", above=True))


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of the risk gate; all inclusive."""

    max_open_positions: int = attrs.field(
        default=5,
        metadata=is_named(
            "ROBSON_MAX_OPEN_POSITIONS",
            parse.whole(1, 1000),
            "Positions that may own a pair at once.",
        ),
    )
    max_daily_loss_percent: Decimal = attrs.field(
        default=Decimal(5),
        metadata=is_named(
            "ROBSON_MAX_DAILY_LOSS_PERCENT",
            _PERCENT,
            "Worst-case loss of a UTC day, percent of capital.",
        ),
    )
    max_total_risk_percent: Decimal = attrs.field(
        default=Decimal(5),
        metadata=is_named(
            "ROBSON_MAX_TOTAL_RISK_PERCENT",
            _PERCENT,
            "Worst-case loss of everything open, percent of capital.",
        ),
    )
    max_drawdown_percent: Decimal = attrs.field(
        default=Decimal(20),
        metadata=is_named(
            "ROBSON_MAX_DRAWDOWN_PERCENT",
            _PERCENT,
            "Worst-case fall from peak equity, percent of the peak.",
        ),
    )
    max_notional_multiple: Decimal = attrs.field(
        default=Decimal(10),
        metadata=is_named(
            "ROBSON_MAX_NOTIONAL_MULTIPLE",
            parse.number("0", "10", above=True),
            "Largest value of everything open, as a multiple of capital.",
        ),
    )
    max_position_size_usd: Decimal | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_MAX_POSITION_SIZE_USD",
            _OFF_OR_MONEY,
            "Largest value of one position, quote currency; empty = no such limit.",
        ),
    )
    max_budget_per_symbol_pct: Decimal | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_MAX_BUDGET_PER_SYMBOL_PCT",
            parse.optional(parse.number("0", "1000", above=True)),
            "Largest value in one pair, percent of capital; empty = no such limit.",
        ),
    )
    max_entries_per_minute: int = attrs.field(
        default=6,
        metadata=is_named(
            "ROBSON_MAX_ENTRIES_PER_MINUTE",
            parse.whole(1, 600),
            "Entries that may be decided within 60 seconds.",
        ),
    )
    allowed_symbols: tuple[Symbol, ...] = attrs.field(
        default=(),
        metadata=is_named(
            "ROBSON_ALLOWED_SYMBOLS",
            parse.listed(parse.symbol),
            "Pairs that may be traded; empty = all.",
        ),
    )


@attrs.frozen(kw_only=True)
class Market:
    """Which market the paper venue shows, and on which terms it trades."""

    source: str = attrs.field(
        default="sim",
        metadata=is_named(
            "ROBSON_MARKET",
            parse.choice("sim", "recording"),
            "sim, a simulated market, or recording; naming a file implies recording.",
        ),
    )
    seed: int | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_MARKET_SEED",
            parse.optional(parse.whole(0, 2**63 - 1)),
            "Seed of the simulated market; the same seed shows the same prices. Empty = that of "
            "the account, 1 for a new one.",
        ),
    )
    volatility: int = attrs.field(
        default=100,
        metadata=is_named(
            "ROBSON_MARKET_VOLATILITY",
            parse.whole(0, 1000),
            "How lively the simulated market is, percent of the usual.",
        ),
    )
    trades_file: Path | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_TRADES_FILE",
            parse.optional(parse.path),
            "Recorded trades to play back: CSV (also gzip) or Parquet.",
        ),
    )
    frames_file: Path | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_FRAMES_FILE",
            parse.optional(parse.path),
            "Recorded raw exchange frames to play back, one a line.",
        ),
    )
    playback_speed: str = attrs.field(
        default="1",
        metadata=is_named(
            "ROBSON_PLAYBACK_SPEED",
            parse.speed,
            "1 plays in real time, 10 ten times faster, max as fast as possible.",
        ),
    )
    symbol: Symbol | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_SYMBOL",
            parse.optional(parse.symbol),
            "Pair of a recording that does not name it (CSV and Parquet).",
        ),
    )
    tick_size: Decimal | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_TICK_SIZE",
            _OFF_OR_MONEY,
            "Smallest price step of a recording, e.g. 0.01; known for the usual pairs.",
        ),
    )
    step_size: Decimal | None = attrs.field(
        default=None,
        metadata=is_named(
            "ROBSON_STEP_SIZE",
            _OFF_OR_MONEY,
            "Smallest quantity step of a recording, e.g. 0.00001; known for the usual pairs.",
        ),
    )
    latency_ms: int = attrs.field(
        default=50,
        metadata=is_named(
            "ROBSON_LATENCY_MS",
            parse.whole(0, 60_000),
            "Milliseconds from order to fill at the paper venue; 0 fills at the price that "
            "triggered.",
        ),
    )
    fee_rate: Decimal = attrs.field(
        default=Decimal("0.001"),
        metadata=is_named(
            "ROBSON_FEE_RATE",
            parse.number("0", "0.05"),
            "Commission of the paper venue, a ratio: 0.001 is 0.1 %.",
        ),
    )


@attrs.frozen(kw_only=True)
class Binance:
    """The account at Binance and where the exchange is."""

    api_key: Secret = attrs.field(
        default=NO_SECRET,
        metadata=is_named(
            "BINANCE_API_KEY",
            parse.secret,
            "Key of the account; or its file in BINANCE_API_KEY_FILE. Without it only public "
            "market data is read.",
            secret=True,
        ),
    )
    api_secret: Secret = attrs.field(
        default=NO_SECRET,
        metadata=is_named(
            "BINANCE_API_SECRET",
            parse.secret,
            "Secret of the key; or its file in BINANCE_API_SECRET_FILE.",
            secret=True,
        ),
    )
    base_url: str = attrs.field(
        default="",
        metadata=is_named(
            "BINANCE_BASE_URL",
            parse.anything,
            "Origin of the REST interface; empty = the exchange's own.",
        ),
    )
    ws_url: str = attrs.field(
        default="",
        metadata=is_named(
            "BINANCE_WS_URL",
            parse.anything,
            "Origin of the market streams; empty = the exchange's own.",
        ),
    )
    ws_api_url: str = attrs.field(
        default="",
        metadata=is_named(
            "BINANCE_WS_API_URL",
            parse.anything,
            "Address of the websocket interface; empty = the exchange's own.",
        ),
    )
    extra_hosts: tuple[str, ...] = attrs.field(
        default=(),
        metadata=is_named(
            "ROBSON_EXTRA_HOSTS",
            parse.listed(parse.host),
            "Hosts that may be told the key beside the exchange's own. Unencrypted addresses are "
            "for this machine only.",
        ),
    )


@attrs.frozen(kw_only=True)
class Live:
    """What stands between a configuration and real money."""

    confirm: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_LIVE_CONFIRM",
            parse.anything,
            "The account's id, repeated: confirms live mode with the first database of the data "
            "directory. For another database: account id, a slash and the database's id.",
        ),
    )
    position_cap: Decimal = attrs.field(
        default=Decimal(50),
        metadata=is_named(
            "ROBSON_LIVE_POSITION_CAP",
            parse.number("0", "1000000000", above=True),
            "Largest value of a position in live mode, quote currency; a larger one is made "
            "smaller. More than 50 needs ROBSON_LIVE_CAP_CONFIRM.",
        ),
    )
    cap_confirm: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_LIVE_CAP_CONFIRM",
            parse.anything,
            "The phrase: positions up to N, with N as in ROBSON_LIVE_POSITION_CAP.",
        ),
    )
    key_confirm: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_LIVE_KEY_CONFIRM",
            parse.anything,
            "The phrase that accepts a key which may withdraw or transfer, or has no IP list; "
            "robsond run says it.",
        ),
    )


@attrs.frozen(kw_only=True)
class Plugins:
    """Installed is not trusted: only what is named here is loaded."""

    allow: tuple[str, ...] = attrs.field(
        default=(),
        metadata=is_named(
            "ROBSON_PLUGINS_ALLOW",
            parse.listed(parse.name),
            "Packages (by their name at the package index) whose connectors and detectors may be "
            "loaded.",
        ),
    )
