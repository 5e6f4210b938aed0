"""The composition root: the only importer of adapters.

It turns settings into parts: a store, a venue with its market, a clock and ids. What runs them
knows ports only.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import attrs

import robson_store
from robson_connectors import discover
from robson_connectors.memory import MemoryConnector
from robson_connectors.paper import PaperConnector, RecordedMarket
from robson_connectors.recording import (
    Recording,
    instrument_for,
    parse_frames,
    parse_parquet,
    parse_trades_csv,
)
from robson_connectors.recording.sizes import WELL_KNOWN
from robson_domain import (
    Clock,
    ConfigurationError,
    ExecutionPort,
    Head,
    Ids,
    Instrument,
    MarketDataPort,
    Money,
    Price,
    Store,
    Symbol,
    ValidationError,
    decimals,
)
from robson_engine import EngineConfig, RiskLimits, VenueAssumptions
from robson_exec import Activity, VirtualClock
from robsond import plugins, system
from robsond.playback import LEAD_NS, Pace, Player, Span, anchored
from robsond.settings import Settings

DATABASE_FILE: Final = "robson.db"
HEAD_FILE: Final = "head.json"
LEDGER_FILE: Final = "paper-ledger.db"
_MS: Final = 1_000_000
_HUNDRED: Final = decimals.to_decimal(100)


@attrs.frozen(kw_only=True)
class Venue:
    """Where orders go and prices come from.

    Attributes:
        player: For a recording: runs its clock.
        pulse: Work the venue needs done while it is open, None for none.
    """

    name: str
    execution: ExecutionPort
    market: MarketDataPort
    clock: Clock
    activity: Activity
    player: Player | None = None
    pulse: Callable[[], Any] | None = None


def make_ids(settings: Settings) -> system.RandomIds | system.SeededIds:
    """Return the source of ids: random, or a function of ``ROBSON_SEED``."""
    return system.SeededIds(settings.seed) if settings.seed else system.RandomIds()


# ---------------------------------------------------------------------- store


def store_url(settings: Settings) -> str:
    """Return where the store is."""
    if settings.database_url:
        return settings.database_url
    if settings.environment == "test":
        return "memory://"
    return f"sqlite:///{settings.data_dir.absolute() / DATABASE_FILE}"


async def open_store(settings: Settings, ids: Ids) -> Store:
    """Open the store, bringing its tables up to date.

    Raises:
        StoreError: When it cannot be reached, or is in use.
        UnknownSchema: When a newer version wrote it.
    """
    return await robson_store.open(
        store_url(settings), ids=ids, head_path=settings.data_dir / HEAD_FILE
    )


async def trust(settings: Settings, store: Store) -> None:
    """Compare the whole log with the head exported by the last run, before anything is written.

    Raises:
        ChainBroken, HeadMismatch, UnknownSchema: The log cannot be trusted; nothing may trade on
            it. What is wrong is named.
    """
    if store_url(settings) != "memory://":
        await verify_store(store, exported_head(settings))


@contextlib.asynccontextmanager
async def offline_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store for proofs while no daemon runs, and close it again.

    Raises:
        ConfigurationError: When there is none.
        StoreError: When it cannot be opened, above all because a daemon has it open.
    """
    url = store_url(settings)
    if url.startswith("sqlite:///") and not system.exists(url.removeprefix("sqlite:///")):
        raise ConfigurationError(f"there is no database in {settings.data_dir}")
    store = await robson_store.open(url, ids=make_ids(settings))
    try:
        yield store
    finally:
        await store.close()


def exported_head(settings: Settings) -> Head | None:
    """Return the head kept outside the database, None when there is none.

    Raises:
        StoreError: When the file holds something else.
    """
    return robson_store.read_head(settings.data_dir / HEAD_FILE)


async def verify_store(store: Store, exported: Head | None) -> Head:
    """Verify chain and exported head of ``store``.

    Raises:
        ChainBroken, HeadMismatch, UnknownSchema: What is wrong with it.
    """
    return await robson_store.verify(store, exported)


def engine_config(settings: Settings, epoch: str) -> EngineConfig:
    """Return identity and limits of the engine."""
    wanted = settings.limits
    limits = RiskLimits(
        max_open_positions=wanted.max_open_positions,
        max_budget_per_symbol_pct=wanted.max_budget_per_symbol_pct,
        max_position_size_usd=wanted.max_position_size_usd,
        daily_loss_fraction=decimals.div(wanted.max_daily_loss_percent, _HUNDRED),
        total_risk_fraction=decimals.div(wanted.max_total_risk_percent, _HUNDRED),
        drawdown_fraction=decimals.div(wanted.max_drawdown_percent, _HUNDRED),
        notional_multiple=wanted.max_notional_multiple,
        entries_per_minute=wanted.max_entries_per_minute,
        symbols_allowed=wanted.allowed_symbols or None,
    )
    return EngineConfig(account=settings.venue, epoch=epoch, limits=limits)


# ---------------------------------------------------------------------- venue


def open_venue(settings: Settings, real: Clock, last_durable: int) -> Venue:
    """Return the venue that the settings choose.

    Args:
        last_durable: Input time of the last event of the log, UTC ns; 0 for an empty log.

    Raises:
        ConfigurationError: For a connector, recording or ledger that cannot be used.
        ValidationError: For a recording with something wrong in it, naming line and field.
        StoreError: When the paper venue's ledger cannot be used.
    """
    if settings.is_recording:
        return _recorded(settings, real, last_durable)
    if settings.venue == "memory":
        return _memory(settings, real)
    config: dict[str, object] = {"clock": real}
    config |= _paper(settings) if settings.venue == "paper" else settings.connector_options
    found = discover(settings.plugins.allow).factory(settings.venue)(config)
    return Venue(
        name=settings.venue,
        execution=cast(ExecutionPort, found),
        market=cast(MarketDataPort, found),
        clock=real,
        activity=Activity(),
    )


def paper_balance(settings: Settings) -> Decimal:
    """Return what each pair of the paper account is funded with, quote currency.

    Twice the risk capital: positions are sized on the capital, so an account holding no more
    than that could not carry a position at full leverage after its first loss.
    """
    return decimals.mul(settings.capital, Decimal(2))


def _paper(settings: Settings) -> Mapping[str, object]:
    market = settings.market
    in_memory = settings.environment == "test"
    return {
        "ledger_path": "" if in_memory else str(settings.data_dir / LEDGER_FILE),
        "quote_balance": decimals.text(paper_balance(settings)),
        "taker_fee_rate": decimals.text(market.fee_rate),
        "latency_ns": market.latency_ms * _MS,
        "seed": market.seed,
        "volatility": market.volatility,
    }


# ------------------------------------------------------------------ recording


def read_recording(settings: Settings) -> tuple[Recording, dict[Symbol, Instrument]]:
    """Return the trades of the recording that the settings name, and the rules of its pairs.

    Raises:
        ConfigurationError: When the file cannot be read.
        ValidationError: Naming the line and field that is wrong.
    """
    market = settings.market
    if market.frames_file is not None:
        sizes = (market.tick_size, market.step_size)
        rules = dict(WELL_KNOWN)
        if market.symbol is not None:
            rules[market.symbol] = instrument_for(market.symbol, *sizes)
        recording = parse_frames(system.read_lines(market.frames_file), rules)
        return recording, {symbol: rules[symbol] for symbol in recording.symbols}
    if market.trades_file is None or market.symbol is None:
        raise ConfigurationError("ROBSON_TRADES_FILE and ROBSON_SYMBOL: set both")
    rule = instrument_for(market.symbol, market.tick_size, market.step_size)
    path = market.trades_file
    if system.is_parquet(path):
        recording = parse_parquet(system.read_bytes(path), market.symbol, rule)
    else:
        recording = parse_trades_csv(system.read_lines(path), market.symbol, rule)
    return recording, {market.symbol: rule}


def _recorded(settings: Settings, real: Clock, last_durable: int) -> Venue:
    recording, rules = read_recording(settings)
    if not recording.ticks:
        raise ValidationError("recording", "holds no trade")
    span = Span.of(recording.ticks)
    start = max(span.first - LEAD_NS, last_durable)
    probe = RecordedMarket(recording.ticks, rules, real)
    pace = _pace(settings, probe.identity, real, start)
    activity = Activity()
    clock = VirtualClock(activity, max(start, pace.recorded) if pace is not None else start)
    market = RecordedMarket(recording.ticks, rules, clock)
    connector = PaperConnector(
        market,
        None if settings.environment == "test" else str(settings.data_dir / LEDGER_FILE),
        VenueAssumptions(
            taker_fee_rate=settings.market.fee_rate,
            latency_ns=settings.market.latency_ms * _MS,
        ),
        Money(paper_balance(settings)),
        clock,
    )
    return Venue(
        name="paper",
        execution=connector,
        market=connector,
        clock=clock,
        activity=activity,
        player=Player(clock, span, market.finished, pace),
    )


def _pace(settings: Settings, identity: str, real: Clock, start: int) -> Pace | None:
    speed = settings.market.playback_speed
    if speed == "max":
        return None
    factor = Fraction(speed)
    if settings.environment == "test":
        return Pace(factor=factor, real=real.now_ns(), recorded=start)
    return anchored(Path(settings.data_dir), factor, identity, real.now_ns(), start)


# ---------------------------------------------------------------- test venue

_STUB_PRICES: Final = {Symbol("BTCUSDT"): 60_000, Symbol("ETHUSDT"): 3_000}
_STUB_WAVE: Final = 20
"""Steps from the bottom of the stub's wave to its top; each is 0.05 % of the price."""
_STUB_PAUSE_NS: Final = 200 * _MS


def _memory(settings: Settings, real: Clock) -> Venue:
    connector = MemoryConnector(
        [instrument_for(symbol) for symbol in _STUB_PRICES], Money(paper_balance(settings)), real
    )
    return Venue(
        name="memory",
        execution=connector,
        market=connector,
        clock=real,
        activity=Activity(),
        pulse=lambda: _feed(connector, real),
    )


async def _feed(connector: MemoryConnector, clock: Clock) -> None:
    step = 0
    while True:
        height = abs(step % (2 * _STUB_WAVE) - _STUB_WAVE)
        for symbol, base in _STUB_PRICES.items():
            connector.feed(symbol, Price(base + base * (_STUB_WAVE - height) // 2000))
        step += 1
        await clock.sleep_until(clock.now_ns() + _STUB_PAUSE_NS)


def detectors(settings: Settings) -> plugins.Registry:
    """Return the detectors that may be used."""
    return plugins.detectors(settings.plugins.allow)


async def migrate(settings: Settings) -> Head:
    """Bring the tables up to date and return the end of the log.

    Raises:
        StoreError: When that failed; nothing was changed.
    """
    store = await open_store(settings, make_ids(settings))
    try:
        return await store.head()
    finally:
        await store.close()
