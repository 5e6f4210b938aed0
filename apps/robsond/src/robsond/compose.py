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
from robson_connectors.paper import PaperConnector, RecordedMarket
from robson_connectors.recording import (
    Recording,
    instrument_for,
    pairs_in_csv,
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
    HoldingsPort,
    Ids,
    Instrument,
    LendingPort,
    MarketDataPort,
    Money,
    Store,
    Symbol,
    ValidationError,
    decimals,
)
from robson_engine import EngineConfig, VenueAssumptions
from robson_exec import Activity, VirtualClock
from robsond import compose_binance, compose_stub, logs, plugins, system
from robsond.playback import LEAD_NS, Pace, Player, Span, anchored
from robsond.settings import Settings

InUse = robson_store.InUse
HeadDamaged = robson_store.HeadDamaged
Unreadable = robson_store.Unreadable

log = logs.logger(__name__)

DATABASE_FILE: Final = "robson.db"
HEAD_FILE: Final = "head.json"
LEDGER_FILE: Final = "paper-ledger.db"
_MS: Final = 1_000_000


@attrs.frozen(kw_only=True)
class Venue:
    """Where orders go and prices come from.

    Attributes:
        player: For a recording: runs its clock.
        pulse: Work the venue needs done while it is open, None for none.
        holdings: Reads the whole account, None where nothing of the person's is on it.
        lending: Knows what is owed and pays it back, None where nothing is lent.
    """

    name: str
    execution: ExecutionPort
    market: MarketDataPort
    clock: Clock
    activity: Activity
    player: Player | None = None
    pulse: Callable[[], Any] | None = None
    holdings: HoldingsPort | None = None
    lending: LendingPort | None = None


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
    if store_url(settings) == "memory://":
        return
    exported = exported_head(settings)
    if exported is None and (await store.head()).sequence:
        log.warning(
            "no exported head to compare with: the end of the log is not proven by it",
            file=str(settings.data_dir / HEAD_FILE),
        )
    await verify_store(store, exported)


@contextlib.asynccontextmanager
async def offline_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store for proofs while no daemon runs, and close it again; nothing is written.

    Raises:
        ConfigurationError: When there is none.
        InUse: When a daemon has it open.
        StoreError: When it cannot be opened.
    """
    url = store_url(settings)
    if url.startswith("sqlite:///") and not system.exists(url.removeprefix("sqlite:///")):
        raise ConfigurationError(f"there is no database in {settings.data_dir}")
    store = await robson_store.open_read_only(url, ids=make_ids(settings))
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


async def require_account(settings: Settings, store: Store) -> None:
    """Make sure that a paper account which holds something is still there.

    Raises:
        ConfigurationError: When positions own a pair and the account's file is gone: a new one
            would hold nothing of them, and their stops would be watched for nothing.
    """
    ledgers = {"paper": LEDGER_FILE, "binance": compose_binance.LIVE_LEDGER_FILE}
    if settings.mode != "paper" or settings.environment == "test" or settings.venue not in ledgers:
        return
    path = settings.data_dir / ledgers[settings.venue]
    if system.exists(str(path)):
        return
    owners = [p.position_id for p in await store.positions.find_active() if p.owns_pair]
    if owners:
        raise ConfigurationError(
            f"{path} is gone, the paper account that {', '.join(owners)} belong to: put it back "
            "from a backup, or begin anew in another data directory (ROBSON_DATA_DIR)"
        )


def engine_config(settings: Settings, epoch: str) -> EngineConfig:
    """Return the identity of the engine.

    The account is named by its venue: a key may be changed for another one of the same account.
    """
    is_paper = settings.venue == "binance" and settings.mode == "paper"
    return EngineConfig(account="paper-binance" if is_paper else settings.venue, epoch=epoch)


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
        connector, pulse = compose_stub.venue(Money(paper_balance(settings)), real)
        return Venue(
            name="memory",
            execution=connector,
            market=connector,
            clock=real,
            activity=Activity(),
            pulse=pulse,
        )
    if settings.venue == "binance":
        return _connected(
            settings, compose_binance.venue(settings, real, Money(paper_balance(settings))), real
        )
    config: dict[str, object] = {"clock": real}
    config |= _paper(settings) if settings.venue == "paper" else settings.connector_options
    found = discover(settings.plugins.allow).factory(settings.venue)(config)
    return _connected(settings, found, real)


def _connected(settings: Settings, connector: object, clock: Clock) -> Venue:
    # What is on a paper account was traded by Robson alone.
    is_real = settings.mode != "paper"
    return Venue(
        name=settings.venue,
        execution=cast(ExecutionPort, connector),
        market=cast(MarketDataPort, connector),
        clock=clock,
        activity=Activity(),
        holdings=getattr(connector, "holdings", None) if is_real else None,
        lending=getattr(connector, "lending", None) if is_real else None,
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
        ValidationError: Naming file, line and field that is wrong.
    """
    try:
        return _read_recording(settings)
    except ValidationError as error:
        path = settings.market.frames_file or settings.market.trades_file
        raise ValidationError(str(path), str(error)) from None


def _read_recording(settings: Settings) -> tuple[Recording, dict[Symbol, Instrument]]:
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


def recorded_pairs(path: str | Path) -> tuple[Symbol, ...]:
    """Return the pairs that a file of trades names itself, none when it does not.

    Raises:
        ConfigurationError: When the file cannot be read.
        ValidationError: When it does not begin as such a file does.
    """
    return () if system.is_parquet(path) else pairs_in_csv(system.read_lines(path))


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
