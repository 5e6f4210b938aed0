"""Tables of the Safety Net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from robsond.cli import format as fmt
from robsond.cli.tables import pair_side, plain_table

View = Mapping[str, Any]

_SKIPPED: Final = {
    "core_managed": "Robson's own",
    "core_unresolved": "an order of Robson's is unresolved",
    "core_closed_lately": "Robson closed here just now",
}
_STATES: Final = {
    "monitored": "guarded",
    "observed": "would be guarded",
    "ignored": "ignored, as you asked",
    "own_stop": "your own stop covers it",
    "collateral": "collateral",
    "doubt": "in doubt: nothing is done",
    "skipped": "left alone",
}
_STYLES: Final = {"monitored": "green", "observed": "cyan", "doubt": "bold red"}


def parts(answer: View, width: int) -> list[RenderableType]:
    """Return what ``robson safety-net`` shows."""
    found: list[RenderableType] = [_mode(answer)]
    if not answer.get("is_running"):
        return [*found, *_warnings(answer)]
    found.append(_look(answer))
    pairs = answer.get("pairs") or []
    found += ["", pair_table(pairs)] if pairs else _nothing(answer)
    found += [line for view in pairs if (line := _more(view))]
    rules = [f"{one['symbol']} {one['rule']}" for one in answer.get("rules") or []]
    if rules:
        found.append(f"Your rules: {', '.join(rules)}.")
    return [*found, *_warnings(answer), *_advice(answer)]


def _mode(answer: View) -> Text:
    if not answer.get("is_running"):
        return Text(
            "There is no Safety Net on a paper account, because nothing of yours is there; it "
            "looks at a real one (ROBSON_MODE=shadow or live)."
        )
    if answer.get("mode") == "act":
        return Text.assemble(
            "Safety Net: ", ("ACTS", "bold green"), ". What reaches its stop is closed at market."
        )
    return Text.assemble("Safety Net: ", ("OBSERVES", "bold cyan"), ". It sends nothing.")


def _look(answer: View) -> str:
    every = f"it looks every {answer.get('poll_seconds')} s"
    if not answer.get("looked_at"):
        return f"It has not looked yet; {every}."
    when = f"{fmt.when(answer['looked_at'])} UTC, {fmt.span(answer.get('age_ms'))} ago"
    if answer.get("failed"):
        return f"The last look at {when}, FAILED: {answer['failed']}; {every}."
    return f"Last look: {when}; {every}."


def _nothing(answer: View) -> list[RenderableType]:
    if answer.get("failed") or not answer.get("looked_at"):
        return []
    return ["Nothing of yours is on any pair."]


def pair_table(pairs: Sequence[View]) -> RenderableType:
    """Return the pairs of the last look, one a row."""
    figures = ("quantity", "price", "stop", "to stop")
    table = plain_table("pair", "state", *figures, right=figures)
    for view in pairs:
        price, stop = fmt.prices(view.get("price"), view.get("stop"))
        table.add_row(
            pair_side(view) if view.get("side") else str(view.get("symbol")),
            Text(state(view), style=_STYLES.get(str(view.get("state")), "")),
            fmt.figure(view.get("quantity")),
            price,
            stop,
            _share(view),
        )
    return table


def state(view: View) -> str:
    """Return what is done about a pair, in words."""
    word, reason = str(view.get("state")), view.get("reason")
    if word == "skipped" and reason:
        return _SKIPPED.get(str(reason), fmt.words(reason))
    return _STATES.get(word, fmt.words(word))


def _share(view: View) -> str:
    from robson_domain import decimals

    distance, price = fmt.number(view.get("distance")), fmt.number(view.get("price"))
    if distance is None or not price:
        return fmt.MISSING
    share = decimals.mul(decimals.div(distance, price), Decimal(100))
    return f"{decimals.rounded(share, 2)} %"


def _more(view: View) -> str:
    """Return what a row has no room for, empty when nothing is missing."""
    pair, told = view.get("symbol"), []
    if view.get("position_id"):
        told.append(str(view["position_id"]))
    if (fmt.number(view.get("collateral")) or 0) != 0 and view.get("state") != "collateral":
        told.append(f"besides {fmt.figure(view['collateral'])} of collateral")
    if view.get("state") == "doubt" and view.get("reason"):
        told.append(fmt.words(view["reason"]))
    return f"{pair}: {', '.join(told)}" if told else ""


def passed(answer: View) -> str:
    """Return the guarded pairs whose price is at or beyond the stop, with both figures."""
    return ", ".join(
        f"{pair_side(view)} at {fmt.figure(view.get('price'))}, stop {fmt.figure(view.get('stop'))}"
        for view in answer.get("pairs") or []
        if (distance := fmt.number(view.get("distance"))) is not None and distance <= 0
    )


def _warnings(answer: View) -> list[RenderableType]:
    found: list[RenderableType] = [
        f"{one['symbol']} is quarantined, nothing is entered there: {one['problem']}. Look at the "
        f"account, then: robson safety-net clear {one['symbol']}"
        for one in answer.get("quarantined") or []
    ]
    if answer.get("another_robson"):
        found.append(
            f"ANOTHER ROBSON trades on this account (order {answer['another_robson']}); nothing is "
            "entered anywhere. Stop one of the two, then: robson safety-net clear"
        )
    return ["", *found] if found else []


def _advice(answer: View) -> list[RenderableType]:
    guards = answer.get("guards") or []
    if answer.get("mode") == "act" or not guards:
        return []
    return ["", f"{fmt.count(len(guards), 'guard')} would act. To let it: robson safety-net act"]
