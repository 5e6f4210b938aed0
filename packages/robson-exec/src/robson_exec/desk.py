"""The person's door: commands in, durable answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import attrs

from robson_domain import (
    AcknowledgeError,
    ArmPosition,
    ClearWarning,
    Clock,
    ClosePosition,
    CloseReason,
    DefinitiveVenueError,
    DeniedError,
    DetectorPort,
    DetectorSpec,
    DisarmPosition,
    HandOver,
    Ids,
    InDoubtError,
    Input,
    Instrument,
    MarketDataPort,
    PairRule,
    Panic,
    PersonCommand,
    PositionId,
    Price,
    PriceDelta,
    Reply,
    RiskConfig,
    SafetyNetMode,
    SetPairRule,
    SetSafetyNet,
    Side,
    Symbol,
    ValidationError,
)
from robson_engine import DETECTORS, create_detector
from robson_engine.detectors import DetectorType
from robson_exec.activity import Activity
from robson_exec.limits import REPLY_TIMEOUT_NS, SECOND_NS
from robson_exec.position_manager import PositionManager
from robson_exec.supervision import Supervisor

NO_HISTORY = "NO_HISTORY"
STOPPING = "STOPPING"
UNCONFIRMED = "UNCONFIRMED"


@attrs.frozen(kw_only=True)
class ArmRequest:
    """What the person wants armed.

    Attributes:
        position_id: Chosen by the caller, so that a repeated request finds the first one's.
        detector: Which detector waits for the signal, with its parameters as text.
        expires_at: An armed position ends then, UTC ns; 0 = never.
        accept_costs: Whether ``COSTS_EAT_RISK`` is overridden.
    """

    position_id: PositionId
    symbol: Symbol
    side: Side
    detector: DetectorSpec
    risk: RiskConfig
    expires_at: int = 0
    accept_costs: bool = False


class Replies:
    """Who waits for the durable answer to which command."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Reply]] = {}

    def expect(self, command_id: str) -> asyncio.Future[Reply]:
        """Return what will hold the answer."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = future
        return future

    def give(self, reply: Reply) -> None:
        """Hand over a durable answer; one nobody waits for is no error."""
        future = self._waiting.pop(reply.command_id, None)
        if future is not None and not future.done():
            future.set_result(reply)

    def drop(self, command_id: str) -> None:
        """Nobody waits for this answer any more."""
        self._waiting.pop(command_id, None)


@attrs.define(kw_only=True, eq=False)
class Desk:
    """Takes commands one by one and answers each once its effect is durable.

    Attributes:
        follow: Makes the prices of a pair flow.
        knows: Whether a position with this id was armed before.
        last_price: Last trade of a pair seen, None when none was.
        is_closed: Set when the machine shuts down.
    """

    market: MarketDataPort
    detectors: PositionManager
    offer: Callable[[Input], None]
    follow: Callable[[Symbol], None]
    knows: Callable[[PositionId], bool]
    last_price: Callable[[Symbol], Price | None]
    replies: Replies
    clock: Clock
    ids: Ids
    activity: Activity
    supervisor: Supervisor
    registry: Mapping[str, DetectorType] = DETECTORS
    is_closed: bool = False

    async def arm(self, request: ArmRequest) -> Reply:
        """Arm a position: from now on its detector may enter once.

        Raises:
            ValidationError: For a pair, detector or parameter that does not exist, and for a stop
                that no signal could ever have.
            DeniedError: ``NO_HISTORY`` when the market's past is too short for the detector and
                no stop was named; ``STOPPING`` while shutting down.
            RetryableVenueError: The venue gave no usable answer; nothing was armed.
            InDoubtError: ``UNCONFIRMED``: not durable in time, but it may become so.
        """
        self._require_open()
        with self.activity.busy():
            instrument = await self._instrument(request.symbol)
            detector = await self._detector(request, instrument)
            if not self.knows(request.position_id):
                await self._require_losing_stop(request, detector)
            self.detectors.prepare(request.position_id, detector)
            self.follow(request.symbol)
            command = ArmPosition(
                command_id=self.ids.new_id("command"),
                position_id=request.position_id,
                symbol=request.symbol,
                side=request.side,
                risk=request.risk,
                instrument=instrument,
                detector=request.detector,
                ts_received=self.clock.now_ns(),
                accept_costs=request.accept_costs,
                expires_at=request.expires_at,
            )
            answer = self._ask(command)
        try:
            return await self._answered(command, answer)
        finally:
            self.detectors.forget(request.position_id)

    async def disarm(self, position_id: PositionId) -> Reply:
        """Take an armed position back."""
        command = DisarmPosition(
            command_id=self.ids.new_id("command"),
            position_id=position_id,
            ts_received=self.clock.now_ns(),
        )
        return await self._say(command)

    async def close(
        self, position_id: PositionId, reason: CloseReason = CloseReason.CLOSE
    ) -> Reply:
        """Close a position now."""
        command = ClosePosition(
            command_id=self.ids.new_id("command"),
            position_id=position_id,
            ts_received=self.clock.now_ns(),
            reason=reason,
        )
        return await self._say(command)

    async def panic(self) -> Reply:
        """Disarm everything armed, close everything open."""
        command_id = self.ids.new_id("command")
        return await self._say(Panic(command_id=command_id, ts_received=self.clock.now_ns()))

    async def acknowledge(self, position_id: PositionId) -> Reply:
        """Let a position in Error go that is flat and settled."""
        command = AcknowledgeError(
            command_id=self.ids.new_id("command"),
            position_id=position_id,
            ts_received=self.clock.now_ns(),
        )
        return await self._say(command)

    async def set_safety_net(self, mode: SafetyNetMode) -> Reply:
        """Say what the Safety Net may do."""
        command = SetSafetyNet(
            command_id=self.ids.new_id("command"), mode=mode, ts_received=self.clock.now_ns()
        )
        return await self._say(command)

    async def set_rule(self, symbol: Symbol, rule: PairRule) -> Reply:
        """Say what is to be done with what the person holds on a pair."""
        command = SetPairRule(
            command_id=self.ids.new_id("command"),
            symbol=symbol,
            rule=rule,
            ts_received=self.clock.now_ns(),
        )
        return await self._say(command)

    async def hand_over(self, symbol: Symbol, distance: PriceDelta | None = None) -> Reply:
        """Give what is guarded on a pair to core: its stop trails from now on.

        Args:
            distance: D from now on; None = the distance that the guard has.
        """
        command = HandOver(
            command_id=self.ids.new_id("command"),
            symbol=symbol,
            ts_received=self.clock.now_ns(),
            stop_distance=distance,
        )
        return await self._say(command)

    async def clear_warning(self, symbol: Symbol | None = None) -> Reply:
        """Take back what keeps entries from a quarantined pair, or from all (None)."""
        command = ClearWarning(
            command_id=self.ids.new_id("command"), symbol=symbol, ts_received=self.clock.now_ns()
        )
        return await self._say(command)

    async def _say(self, command: PersonCommand) -> Reply:
        self._require_open()
        return await self._answered(command, self._ask(command))

    def _require_open(self) -> None:
        if self.is_closed:
            raise DeniedError(STOPPING, "Robson is shutting down; start it again first")

    def _ask(self, command: PersonCommand) -> asyncio.Future[Reply]:
        answer = self.replies.expect(command.command_id)
        self.offer(command)
        return answer

    async def _answered(self, command: PersonCommand, answer: asyncio.Future[Reply]) -> Reply:
        deadline = self.clock.now_ns() + REPLY_TIMEOUT_NS
        try:
            if await self.supervisor.within(deadline, answer):
                return answer.result()
        finally:
            self.replies.drop(command.command_id)
        raise InDoubtError(
            "the command is not durable yet because the store does not answer; "
            "look at the position before repeating it",
            UNCONFIRMED,
        )

    async def _require_losing_stop(self, request: ArmRequest, detector: DetectorPort) -> None:
        """Refuse a named stop the price is beyond; it would wait for ever without a word."""
        stop = dict(request.detector.params).get("stop")
        if stop is None or not detector.FIRES_AT_ANY_PRICE:
            return
        price = self.last_price(request.symbol)
        if price is None:
            bars = await self.market.bars(request.symbol, SECOND_NS, 1)
            price = bars[-1].close if bars else None
        if price is not None and detector.estimate(price) is None:
            where = "below" if request.side is Side.LONG else "above"
            raise ValidationError(
                "stop", f"{stop} is not {where} the price {price}; a {request.side} needs it there"
            )

    async def _instrument(self, symbol: Symbol) -> Instrument:
        try:
            return await self.market.instrument(symbol)
        except DefinitiveVenueError as error:
            raise ValidationError("symbol", error.message) from None

    async def _detector(self, request: ArmRequest, instrument: Instrument) -> DetectorPort:
        detector = create_detector(
            request.detector,
            position_id=request.position_id,
            symbol=request.symbol,
            side=request.side,
            instrument=instrument,
            registry=self.registry,
        )
        needed = detector.bars_needed
        if needed:
            bars = await self.market.bars(request.symbol, detector.interval, needed)
            required = detector.stop_bars_needed
            if len(bars) < required:
                raise DeniedError(NO_HISTORY, _too_short(request, len(bars), required))
            detector.warm_up(bars)
        return detector


def _too_short(request: ArmRequest, found: int, needed: int) -> str:
    return (
        f"{request.detector.name} needs {needed} past bars of {request.symbol}, the market has "
        f"{found}; name the stop yourself (--stop PRICE or --stop-distance), or wait"
    )
