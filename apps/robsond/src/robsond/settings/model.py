"""Every setting in one class: loading, ``check-config`` and the documentation are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from robsond.plan import PlanStep, parse_plan
from robsond.settings import parse
from robsond.settings.parts import (
    Binance,
    Http,
    Limits,
    Live,
    Log,
    Market,
    Plugins,
    is_named,
)
from robsond.settings.protection import Protection


def _default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir("robson", appauthor=False))


@attrs.frozen(kw_only=True)
class Settings:
    """What the person decided before the start; checked, and constant while it runs."""

    mode: str = attrs.field(
        default="paper",
        metadata=is_named(
            "ROBSON_MODE",
            parse.choice("paper", "shadow", "live"),
            "paper trades on simulated fills; shadow and live need a connector to a real venue.",
        ),
    )
    environment: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_ENV",
            parse.choice("", "test"),
            "test keeps everything in memory and answers orders by a stub venue.",
        ),
    )
    connector: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_CONNECTOR",
            parse.optional(parse.name),
            "Venue: paper (the default), memory, or a connector of a package in plugins.allow.",
        ),
    )
    connector_options: Mapping[str, Any] = attrs.field(
        factory=dict,
        metadata=is_named(
            "",
            parse.table,
            "Table handed to the connector of another package; its own secrets belong here.",
            secret=True,
        ),
        repr=False,
    )
    data_dir: Path = attrs.field(
        factory=_default_data_dir,
        metadata=is_named(
            "ROBSON_DATA_DIR",
            parse.path,
            "Folder for database, token, head and the paper venue's ledger.",
        ),
    )
    database_url: str = attrs.field(
        default="",
        repr=False,
        metadata=is_named(
            "DATABASE_URL",
            parse.database,
            "postgresql://USER@HOST/NAME or sqlite:///FILE; empty = robson.db in the data "
            "directory.",
            secret=True,
        ),
    )
    capital: Decimal = attrs.field(
        default=Decimal(10_000),
        metadata=is_named(
            "ROBSON_CAPITAL",
            parse.number("0", "1000000000000", above=True),
            "Capital that risk percents refer to, quote currency.",
        ),
    )
    seed: str = attrs.field(
        default="",
        metadata=is_named(
            "ROBSON_SEED",
            parse.optional(parse.name),
            "Makes every id a function of this text, so that a run can be repeated byte for "
            "byte; empty = random ids. For demonstrations and tests.",
        ),
    )
    plan: tuple[PlanStep, ...] = attrs.field(
        default=(),
        metadata=is_named(
            "ROBSON_PLAN",
            parse_plan,
            "JSON list of positions the daemon arms by itself: "
            '[{"arm": {body of POST /api/positions}, "after": "start" or "closed:1"}].',
        ),
    )
    log: Log = attrs.field(factory=Log)
    http: Http = attrs.field(factory=Http)
    limits: Limits = attrs.field(factory=Limits)
    market: Market = attrs.field(factory=Market)
    binance: Binance = attrs.field(factory=Binance)
    live: Live = attrs.field(factory=Live)
    protection: Protection = attrs.field(factory=Protection)
    plugins: Plugins = attrs.field(factory=Plugins)

    @property
    def venue(self) -> str:
        """Name of the connector that is used."""
        if self.connector:
            return self.connector
        return "memory" if self.environment == "test" else "paper"

    @property
    def is_recording(self) -> bool:
        """Whether the market is played back from a file."""
        return self.market.trades_file is not None or self.market.frames_file is not None
