"""The facade over the real machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import attrs

from robson_domain import (
    AccountReported,
    Clock,
    DenialCode,
    DeniedError,
    DetectorPort,
    DetectorSignal,
    Event,
    ExecutionPort,
    Head,
    Ids,
    Instrument,
    Ledger,
    MarketDataPort,
    Order,
    PairRule,
    Position,
    PositionId,
    PositionStatus,
    Price,
    PriceDelta,
    Reply,
    SafetyNetMode,
    Side,
    Snapshot,
    Store,
    StoreError,
    Symbol,
    ValidationError,
)
from robson_engine import (
    EngineConfig,
    EngineState,
    Estimate,
    create_detector,
    estimate_entry,
)
from robson_engine.detectors import DetectorType
from robson_exec import ArmRequest, Daemon, FeedStatus, LastPrice, ProtectionSettings
from robsond import proofs, why
from robsond.facade import About, Explained, Recovery, Replayed, Verdict, Watch
from robsond.planner import Planner
from robsond.playback import Player
from robsond.proofs import Verify

_SECOND_NS: Final = 1_000_000_000


@attrs.frozen(kw_only=True)
class Surroundings:
    """What the facade needs beside the machine itself.

    Attributes:
        strategy: Detector of a request that names none.
        read_head: Returns the head as exported, None when there is none.
        verify: Verifies chain and exported head.
        head_problem: Says why the head is not exported, empty while it is.
        store_problem: Says why nothing can be saved although the store is open, empty while it can.
    """

    mode: str
    connector: str
    data_dir: Path
    started_at: int
    strategy: str
    config: EngineConfig
    protection: ProtectionSettings
    store: Store
    execution: ExecutionPort
    market: MarketDataPort
    registry: Mapping[str, DetectorType]
    clock: Clock
    ids: Ids
    read_head: Callable[[], Head | None]
    verify: Verify
    head_problem: Callable[[], str]
    store_problem: Callable[[], str]
    player: Player | None
    planner: Planner


class RunningMachine:
    """Implements :class:`robsond.facade.Facade`."""

    def __init__(self, daemon: Daemon, around: Surroundings) -> None:
        self._daemon = daemon
        self._around = around

    # ---------------------------------------------------------------- looking

    def about(self) -> About:
        """Return what runs here."""
        around, found = self._around, self._daemon.recovered
        return About(
            mode=around.mode,
            connector=around.connector,
            data_dir=str(around.data_dir),
            started_at=around.started_at,
            recovery=Recovery(
                events=found.sequence,
                positions=sum(found.positions.values()),
                unresolved=found.unresolved,
            ),
            playback=around.player.progress() if around.player is not None else None,
            plan=around.planner.progress(),
        )

    def now(self) -> int:
        """Return the time of the clock it runs on, UTC ns."""
        return self._around.clock.now_ns()

    def head(self) -> Head:
        """Return the end of the durable log."""
        return self._daemon.view.head

    def ledger(self) -> Ledger:
        """Return the account-wide totals and limits."""
        return self._daemon.view.ledger

    def positions(self) -> tuple[Position, ...]:
        """Return every position of Robson's own that is known, in order of arming."""
        return self._daemon.view.positions()

    def guards(self) -> tuple[Position, ...]:
        """Return the positions of the person's that are guarded, the latest closed included."""
        return self._daemon.view.guards()

    def watch(self) -> Watch:
        """Return what the Safety Net saw last."""
        net, around = self._daemon.safety_net, self._around
        return Watch(
            is_running=net is not None,
            may_act=around.mode == "live",
            poll_seconds=around.protection.poll_ns // _SECOND_NS,
            latest=net.latest if net is not None else None,
        )

    async def position(self, position_id: PositionId) -> Position | None:
        """Return one position or guard, however long ago it closed, or None."""
        found = self._daemon.view.find(position_id)
        if found is not None:
            return found
        return await self._around.store.positions.find_by_id(position_id)

    def prices(self) -> Mapping[Symbol, LastPrice]:
        """Return the last price of every pair that is watched."""
        return {fact.symbol: fact for fact in self._daemon.view.last_prices()}

    def checks(self) -> Mapping[str, str]:
        """Return each readiness check with its problem, empty when it is fine."""
        problem = self._daemon.problem
        failing = "the last write failed" if self._daemon.is_store_failing else ""
        return {
            "machine": f"halted: {type(problem).__name__}" if problem is not None else "",
            "store": self._around.store_problem() or failing,
            "head": self._around.head_problem(),
            "market": self._market_problem(),
        }

    def _market_problem(self) -> str:
        player = self._around.player
        if player is not None:
            return ""
        return "; ".join(
            f"{symbol} is {status.value}"
            for symbol in dict.fromkeys(one.symbol for one in self._daemon.view.active())
            if (status := self._daemon.feeds.status(symbol)) is not FeedStatus.LIVE
        )

    def default_strategy(self) -> str:
        """Return the detector of a request that names none."""
        return self._around.strategy

    def new_id(self, kind: str) -> str:
        """Return a new id."""
        return self._around.ids.new_id(kind)

    def orders(self) -> tuple[Order, ...]:
        """Return the orders of every position and guard known, oldest first."""
        known = (*self.positions(), *self.guards())
        found = [order for one in known for order in one.orders]
        return tuple(sorted(found, key=lambda order: order.ts_created))

    # ----------------------------------------------------------------- acting

    async def arm(self, request: ArmRequest) -> Reply:
        """Arm a position.

        Raises:
            ValidationError, DeniedError, VenueError: As the desk does.
        """
        self._require_tradable(request.symbol)
        return await self._daemon.desk.arm(request)

    def _require_tradable(self, symbol: Symbol) -> None:
        if self._around.player is not None:
            self._around.player.refuse_when_over()
        allowed = self.ledger().limits.symbols_allowed
        if allowed is not None and symbol not in allowed:
            raise DeniedError(
                DenialCode.SYMBOL_NOT_ALLOWED.value,
                f"{symbol} may not be traded here; ROBSON_ALLOWED_SYMBOLS is {', '.join(allowed)}",
            )

    async def disarm(self, position_id: PositionId) -> Reply:
        """Take an armed position back."""
        return await self._daemon.desk.disarm(position_id)

    async def close(self, position_id: PositionId) -> Reply:
        """Close a position."""
        return await self._daemon.desk.close(position_id)

    async def acknowledge(self, position_id: PositionId) -> Reply:
        """Let a settled position in Error go."""
        return await self._daemon.desk.acknowledge(position_id)

    async def panic(self) -> Reply:
        """End everything."""
        return await self._daemon.desk.panic()

    async def set_safety_net(self, mode: SafetyNetMode) -> Reply:
        """Say what the Safety Net may do."""
        return await self._daemon.desk.set_safety_net(mode)

    async def set_rule(self, symbol: Symbol, rule: PairRule) -> Reply:
        """Say what is to be done with what the person holds on a pair."""
        return await self._daemon.desk.set_rule(symbol, rule)

    async def hand_over(self, symbol: Symbol, distance: PriceDelta | None) -> Reply:
        """Give what is guarded on a pair to core."""
        return await self._daemon.desk.hand_over(symbol, distance)

    async def clear_warning(self, symbol: Symbol | None) -> Reply:
        """End the quarantine of a pair; None = the warning about another Robson."""
        return await self._daemon.desk.clear_warning(symbol)

    async def estimate(self, request: ArmRequest) -> Estimate:
        """Return what arming would lead to if the signal came now.

        Raises:
            ValidationError: For a pair, detector or parameter that does not exist.
            DeniedError: When there is nothing to estimate with, or nothing to trade, with a code.
        """
        around = self._around
        self._require_tradable(request.symbol)
        with self._daemon.activity.busy():
            instrument = await around.market.instrument(request.symbol)
            detector = self._detector(request, instrument)
            bars = await around.market.bars(
                request.symbol, detector.interval, max(1, detector.bars_needed)
            )
            detector.warm_up(bars if detector.bars_needed else ())
            price = await self._price(request.symbol)
            snapshot = await around.execution.account(request.symbol)
        signal = _signal(detector, price, request)
        return estimate_entry(
            self._state(),
            _armed(request, instrument, self.now()),
            signal,
            AccountReported(snapshot=snapshot, last_price=price),
        )

    def _detector(self, request: ArmRequest, instrument: Instrument) -> DetectorPort:
        return create_detector(
            request.detector,
            position_id=request.position_id,
            symbol=request.symbol,
            side=request.side,
            instrument=instrument,
            registry=self._around.registry,
        )

    async def _price(self, symbol: Symbol) -> Price:
        seen = self._daemon.view.last_price(symbol)
        if seen is not None:
            return seen.price
        bars = await self._around.market.bars(symbol, _SECOND_NS, 1)
        if not bars:
            raise DeniedError("NO_PRICE", f"no price of {symbol} is known yet; try again soon")
        return bars[-1].close

    def _state(self) -> EngineState:
        view = self._daemon.view
        snapshot = Snapshot(
            sequence=view.ledger.sequence, ledger=view.ledger, positions=view.active()
        )
        return EngineState.restore(self._around.config, view.ledger.capital, snapshot, ())

    # ---------------------------------------------------------------- history

    async def events(self, after: int, position_id: PositionId | None) -> AsyncIterator[Event]:
        """Yield durable events after a sequence, of one position or of all."""
        log = self._around.store.events
        if position_id is None:
            async for event in log.read(after):
                yield event
            return
        for event in await log.find_by_position(position_id):
            if event.sequence > after:
                yield event

    async def explain(self, position_id: PositionId) -> tuple[Explained, ...]:
        """Return every event of a position, explained."""
        log = self._around.store.events.read(0)
        return await why.explain(log, self._around.config, self.ledger().capital, position_id)

    async def verify(self) -> Verdict:
        """Verify the whole log against its chain and the exported head."""
        around = self._around
        try:
            exported = around.read_head()
        except StoreError as error:
            return Verdict(head=await around.store.head(), checked=0, problem=str(error))
        return await proofs.verify(around.store, exported, around.verify)

    async def replay(self) -> Replayed:
        """Fold the whole log and compare with the stored state."""
        around = self._around
        return await proofs.replay(around.store, around.config, self.ledger().capital)


def _signal(detector: DetectorPort, price: Price, request: ArmRequest) -> DetectorSignal:
    signal = detector.estimate(price)
    if signal is None:
        named = dict(request.detector.params).get("stop")
        if named is not None:
            where, side = ("below", "long") if request.side is Side.LONG else ("above", "short")
            raise ValidationError(
                "stop", f"{named} is not {where} the price {price}; a {side}'s stop must be"
            )
        raise DeniedError(
            "NO_STOP",
            f"{detector.NAME} knows no stop on the losing side of {price} now; name one with "
            "stop or stop_distance",
        )
    return signal


def _armed(request: ArmRequest, instrument: Instrument, now: int) -> Position:
    return Position(
        position_id=request.position_id,
        symbol=request.symbol,
        side=request.side,
        status=PositionStatus.ARMED,
        risk=request.risk,
        instrument=instrument,
        detector=request.detector,
        armed_at=now,
        accept_costs=request.accept_costs,
        expires_at=request.expires_at,
    )
