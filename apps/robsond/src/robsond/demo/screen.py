"""What a person sees while it runs: live panels on a terminal, lines elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from robsond.cli import format as fmt
from robsond.cli.output import Output
from robsond.cli.story import sentence
from robsond.demo.story import STAGES, Stories, Story

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

Json = Mapping[str, Any]
_TICKER_LINES: Final = 8
_QUIET_NS: Final = 1_000_000_000
"""Between two lines about the same moving stop, in time of the market."""


class Screen(Protocol):
    """Shows the demonstration."""

    def event(self, story: Story, event: Json) -> None:
        """Take one event of the log."""
        ...

    def refresh(self, stories: Stories, status: Json) -> None:
        """Show how everything stands."""
        ...

    def close(self) -> None:
        """Leave the last state on the screen; idempotent."""
        ...


def screen_for(out: Output) -> Screen:
    """Return the screen that fits where the output goes."""
    if out.as_json:
        return SilentScreen()
    return LiveScreen(out) if out.console.is_terminal else LineScreen(out)


class SilentScreen:
    """Shows nothing: the document at the end says it all."""

    def event(self, story: Story, event: Json) -> None:
        """Take one event of the log."""

    def refresh(self, stories: Stories, status: Json) -> None:
        """Show how everything stands."""

    def close(self) -> None:
        """Leave the last state on the screen."""


class LineScreen:
    """One line an event; of a stop that moves often, one a second."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._spoken: dict[str, int] = {}

    def event(self, story: Story, event: Json) -> None:
        """Print the event."""
        if event["type"] == "TrailingStopUpdated" and not self._is_due(story, event):
            return
        self._out.show(ticker_line(story, event))

    def _is_due(self, story: Story, event: Json) -> bool:
        now = event["ts_received"]
        last = self._spoken.get(story.position_id)
        if last is not None and now - last < _QUIET_NS:
            return False
        self._spoken[story.position_id] = now
        return True

    def refresh(self, stories: Stories, status: Json) -> None:
        """Nothing: every event has its line."""

    def close(self) -> None:
        """Nothing to leave."""


class LiveScreen:
    """A panel for each position and the latest events, redrawn in place."""

    def __init__(self, out: Output) -> None:
        from rich.live import Live

        self._ticker: deque[str] = deque(maxlen=_TICKER_LINES)
        self._live = Live(console=out.console, auto_refresh=False, transient=False)
        self._live.start()

    def event(self, story: Story, event: Json) -> None:
        """Add the event to the ticker."""
        self._ticker.append(ticker_line(story, event))

    def refresh(self, stories: Stories, status: Json) -> None:
        """Draw everything anew."""
        from rich.console import Group
        from rich.text import Text

        panels = [position_panel(story, stories) for story in stories.all]
        lines = Text("\n".join(self._ticker), style="dim", overflow="ellipsis", no_wrap=True)
        self._live.update(Group(head_line(status), *panels, lines), refresh=True)

    def close(self) -> None:
        """Leave the last state on the screen."""
        self._live.stop()


def ticker_line(story: Story, event: Json) -> str:
    """Return one event as one line."""
    who = f"{story.symbol} {story.side}"
    return f"{fmt.clock(event['ts_received'])}  {who:<14} {sentence(event)}"


def head_line(status: Json) -> RenderableType:
    """Return mode, market time and the end of the log."""
    from rich.text import Text

    from robsond.cli.tables import banner

    head = status.get("head") or {}
    playback = status.get("playback") or {}
    at = playback.get("market_time") or status.get("now")
    return Text.assemble(
        banner(status.get("mode")),
        f"  {fmt.when(at)} UTC  event {head.get('sequence')},"
        f" head {fmt.short_hash(head.get('hash'))}",
    )


def position_panel(story: Story, stories: Stories) -> RenderableType:
    """Return one position: how far it is, and its figures."""
    from rich.console import Group
    from rich.panel import Panel

    title = f"{story.symbol} {story.side}  {story.position_id}"
    return Panel(
        Group(stage_line(story), _figures(story, stories)), title=title, title_align="left"
    )


def stage_line(story: Story) -> RenderableType:
    """Return the way from armed to closed with a mark for what is behind."""
    from rich.text import Text

    at = STAGES.index(story.stage) if story.stage in STAGES else -1
    line = Text()
    for number, stage in enumerate(STAGES):
        done = number < at or story.stage == "closed"
        if story.stage == "closed" and not story.entries:
            done = number in (0, at)  # it ended without having been in the market
        here = number == at and not done
        mark, style = ("✓", "green") if done else (("●", "bold yellow") if here else ("○", "dim"))
        line.append(f"{mark} {stage}", style=style)
        line.append(" → " if number < len(STAGES) - 1 else "", style="dim")
    if story.ended_as:
        line.append(f"  {fmt.words(story.ended_as)}")
    return line


def _figures(story: Story, stories: Stories) -> Table:
    from robsond.cli.tables import gained, plain_table, pnl_of

    columns = ("entry", "quantity", "price", "best", "stop", "moves", "PnL")
    table = plain_table(*columns, right=columns)
    view = story.view
    last = stories.prices.get(story.symbol, {}).get("last_price")
    entry, price, best, stop = fmt.prices(view.get("entry_price"), last, story.best, story.stop)
    table.add_row(
        entry,
        fmt.figure(view.get("quantity")),
        price,
        best,
        stop,
        str(len(story.moves)),
        gained(pnl_of(view)),
    )
    return table
