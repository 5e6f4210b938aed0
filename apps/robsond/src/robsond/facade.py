"""What the API needs of the running machine, and nothing more.

Handlers see this protocol only, so they can be tested against a small implementation and can
never reach past it. Everything shown is durable already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Protocol

import attrs

from robson_domain import (
    Event,
    Head,
    Ledger,
    Order,
    PairRule,
    Position,
    PositionId,
    PriceDelta,
    Reply,
    SafetyNetMode,
    Symbol,
)
from robson_engine import Estimate
from robson_exec import ArmRequest, LastPrice, SafetyNetLooked


@attrs.frozen(kw_only=True)
class Recovery:
    """What the start-up found: events folded, positions alive, intents nobody had answered."""

    events: int = 0
    positions: int = 0
    unresolved: int = 0


@attrs.frozen(kw_only=True)
class Playback:
    """Where the playback of a recording stands; times are the recording's, UTC ns."""

    state: Literal["running", "finished"]
    now: int
    first: int
    last: int
    trades: int


@attrs.frozen(kw_only=True)
class PlanProgress:
    """Where the daemon's own plan stands."""

    steps: int
    done: int
    problems: tuple[str, ...]


@attrs.frozen(kw_only=True)
class About:
    """What runs here.

    Attributes:
        started_at: Real time, UTC ns.
    """

    mode: str
    connector: str
    data_dir: str
    started_at: int
    recovery: Recovery
    playback: Playback | None = None
    plan: PlanProgress | None = None


@attrs.frozen(kw_only=True)
class Watch:
    """The Safety Net as it stands.

    Attributes:
        is_running: Whether it looks at the account at all; not where nothing of the person's is.
        may_act: Whether orders may leave, so that acting means something.
        poll_seconds: How often it looks.
        latest: What it saw last, None before its first look.
    """

    is_running: bool
    may_act: bool
    poll_seconds: int
    latest: SafetyNetLooked | None = None


@attrs.frozen(kw_only=True)
class Verdict:
    """What verifying the log found.

    Attributes:
        sequence: The first event that does not fit, 0 when there is none.
        note: What could not be compared; no problem by itself.
    """

    head: Head
    checked: int
    problem: str = ""
    sequence: int = 0
    note: str = ""


@attrs.frozen(kw_only=True)
class Replayed:
    """What folding the whole log gave, compared with what is stored."""

    head: Head
    events: int
    positions: int
    state_hash: str
    problem: str = ""


@attrs.frozen(kw_only=True)
class Explained:
    """One event of a position, decided again.

    Attributes:
        same: Whether deciding again gave this very event; None = nothing to decide again.
        difference: What deciding again gave instead.
    """

    event: Event
    sentence: str
    same: bool | None
    difference: str = ""


class Facade(Protocol):
    """The running machine as the API sees it."""

    def about(self) -> About:
        """Return what runs here."""
        ...

    def now(self) -> int:
        """Return the time of the clock it runs on, UTC ns."""
        ...

    def head(self) -> Head:
        """Return the end of the durable log."""
        ...

    def ledger(self) -> Ledger:
        """Return the account-wide totals and limits."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Return every position of Robson's own that is known, in order of arming."""
        ...

    def guards(self) -> tuple[Position, ...]:
        """Return the positions of the person's that are guarded, the latest closed included."""
        ...

    def watch(self) -> Watch:
        """Return what the Safety Net saw last."""
        ...

    async def position(self, position_id: PositionId) -> Position | None:
        """Return one position or guard, however long ago it closed, or None."""
        ...

    def prices(self) -> Mapping[Symbol, LastPrice]:
        """Return the last price of every pair that is watched."""
        ...

    def checks(self) -> Mapping[str, str]:
        """Return each readiness check with its problem, empty when it is fine."""
        ...

    def default_strategy(self) -> str:
        """Return the detector of a request that names none."""
        ...

    def new_id(self, kind: str) -> str:
        """Return a new id."""
        ...

    async def arm(self, request: ArmRequest) -> Reply:
        """Arm a position.

        Raises:
            ValidationError: Naming the field that is wrong.
            DeniedError: When the market cannot serve it, with a code.
        """
        ...

    async def estimate(self, request: ArmRequest) -> Estimate:
        """Return what arming would lead to if the signal came now.

        Raises:
            ValidationError, DeniedError: As for :meth:`arm`.
        """
        ...

    async def disarm(self, position_id: PositionId) -> Reply:
        """Take an armed position back."""
        ...

    async def close(self, position_id: PositionId) -> Reply:
        """Close a position."""
        ...

    async def acknowledge(self, position_id: PositionId) -> Reply:
        """Let a settled position in Error go."""
        ...

    async def panic(self) -> Reply:
        """End everything: disarm what is armed, close what is open."""
        ...

    async def set_safety_net(self, mode: SafetyNetMode) -> Reply:
        """Say what the Safety Net may do."""
        ...

    async def set_rule(self, symbol: Symbol, rule: PairRule) -> Reply:
        """Say what is to be done with what the person holds on a pair."""
        ...

    async def hand_over(self, symbol: Symbol, distance: PriceDelta | None) -> Reply:
        """Give what is guarded on a pair to core.

        Args:
            distance: D from now on; None = the guard's own.
        """
        ...

    async def clear_warning(self, symbol: Symbol | None) -> Reply:
        """End the quarantine of a pair; None = the warning about another Robson."""
        ...

    def orders(self) -> tuple[Order, ...]:
        """Return the orders of every position and guard known, oldest first."""
        ...

    def events(self, after: int, position_id: PositionId | None) -> AsyncIterator[Event]:
        """Yield durable events after a sequence, of one position or of all."""
        ...

    async def explain(self, position_id: PositionId) -> tuple[Explained, ...]:
        """Return every event of a position, explained."""
        ...

    async def verify(self) -> Verdict:
        """Verify the whole log against its chain and the exported head."""
        ...

    async def replay(self) -> Replayed:
        """Fold the whole log and compare with the stored state."""
        ...
