"""One position as it is told: folded from the events the daemon shows, nothing computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

Json = Mapping[str, Any]

STAGES: Final = ("armed", "entering", "active", "exiting", "closed")
_REACHED: Final = {
    "PositionArmed": "armed",
    "EntryOrderPlaced": "entering",
    "EntryFilled": "active",
    "ExitTriggered": "exiting",
    "PositionClosed": "closed",
}


@attrs.frozen(kw_only=True)
class StopMove:
    """One logged change of the stop.

    Attributes:
        ts: Receive time of the price that moved it, UTC ns.
        trade_id: Last market trade that is part of it.
    """

    ts: int
    best: str
    stop: str
    trade_id: int


@attrs.frozen(kw_only=True)
class Execution:
    """One fill, or the price that triggered the exit.

    Attributes:
        ts: Receive time of what caused it, UTC ns.
        trade_id: Last market trade that was seen then.
    """

    ts: int
    price: str
    quantity: str | None = None
    stop: str | None = None
    trade_id: int = 0


@attrs.define(kw_only=True)
class Story:
    """What has happened to one position so far."""

    position_id: str
    symbol: str = ""
    side: str = ""
    stage: str = ""
    ended_as: str = ""
    problem: str = ""
    denial: str = ""
    events: int = 0
    entries: list[Execution] = attrs.field(factory=list)
    exits: list[Execution] = attrs.field(factory=list)
    trigger: Execution | None = None
    best: str | None = None
    stop: str | None = None
    moves: list[StopMove] = attrs.field(factory=list)
    view: dict[str, Any] = attrs.field(factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.stage == "closed" or bool(self.problem and not self.entries)

    @property
    def really_closed(self) -> bool:
        """Whether it was opened and closed by real fills."""
        return self.stage == "closed" and bool(self.entries) and bool(self.exits)

    def take(self, event: Json) -> None:
        """Add one event of the log."""
        kind = event["type"]
        self.events += 1
        reached = _REACHED.get(kind, "armed")
        if not self.stage or STAGES.index(reached) > STAGES.index(self.stage):
            self.stage = reached
        match kind:
            case "PositionArmed":
                self.symbol = event["command"]["symbol"]
                self.side = event["command"]["side"].lower()
            case "PositionDisarmed":
                self._ended(str(event["reason"]))
            case "EntryDenied":
                self._ended(f"denied, {event['code']}")
                self.denial = str(event["message"])
            case "EntryFilled":
                self.entries.append(_filled(event))
                self._moved(event)
            case "TrailingStopUpdated":
                self._moved(event)
            case "ExitTriggered":
                self.trigger = _triggered(event)
            case "ExitFilled":
                self.exits.append(_filled(event))
            case "PositionClosed":
                self.ended_as = str(event["reason"])
            case "PositionErrored":
                self.problem = str(event["problem"])

    def _ended(self, how: str) -> None:
        self.stage = "closed"
        self.ended_as = self.problem = how

    def _moved(self, event: Json) -> None:
        best, stop = event["best"], event["stop"]
        if (best, stop) != (self.best, self.stop):
            self.best, self.stop = best, stop
            move = StopMove(
                ts=event["ts_received"], best=best, stop=stop, trade_id=event.get("mark", 0)
            )
            self.moves.append(move)


def _filled(event: Json) -> Execution:
    fill = event["fill"]
    return Execution(
        ts=event["ts_received"],
        price=fill["price"],
        quantity=fill["quantity"],
        trade_id=event.get("mark", 0),
    )


def _triggered(event: Json) -> Execution:
    return Execution(
        ts=event["ts_received"],
        price=event["price"] or "",
        stop=event["stop"],
        trade_id=event.get("mark", 0),
    )


@attrs.define
class Stories:
    """All positions of the demonstration, in the order of arming."""

    by_id: dict[str, Story] = attrs.field(factory=dict)
    prices: dict[str, Json] = attrs.field(factory=dict)
    sequence: int = 0

    def take(self, event: Json) -> Story:
        """Add one event of a position and return that position."""
        self.sequence = event["sequence"]
        name = event["position_id"]
        story = self.by_id.setdefault(name, Story(position_id=name))
        story.take(event)
        return story

    def look(self, views: list[dict[str, Any]], prices: list[Json]) -> None:
        """Take the figures that are not in the log: last price and open gain."""
        for view in views:
            if view["position_id"] in self.by_id:
                self.by_id[view["position_id"]].view = view
        self.prices = {entry["symbol"]: entry for entry in prices}

    @property
    def all(self) -> list[Story]:
        """The stories so far."""
        return list(self.by_id.values())
