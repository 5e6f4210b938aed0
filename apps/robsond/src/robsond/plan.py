"""What the daemon arms by itself: the plan of a demonstration.

Carried out by the daemon, not from outside, so that on a recording the first position is armed
before the first trade and the next one after the last closed and before the next trade,
whatever the speed of playback.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from robsond.bad import Bad
from robsond.dto import ArmBody

_AFTER: Final = re.compile(r"start|closed:[1-9][0-9]{0,3}")
_STEPS_MAX: Final = 100
_SEE: Final = "see ROBSON_PLAN in docs/configuration.md"


class PlanStep(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """One position to arm: at once, or when so many have closed."""

    arm: ArmBody
    after: str = "start"

    @property
    def closed_needed(self) -> int:
        """How many positions must have closed before."""
        _, _, count = self.after.partition(":")
        return int(count or 0)


def parse_plan(raw: Any) -> tuple[PlanStep, ...]:
    """Return the steps of a plan in JSON text, or of a list from TOML.

    Raises:
        Bad: Naming the step and field that is wrong.
    """
    if raw in ("", ()):
        return ()
    try:
        if isinstance(raw, str):
            steps = msgspec.json.decode(raw, type=list[PlanStep])
        else:
            steps = msgspec.convert(raw, list[PlanStep])
    except msgspec.DecodeError as error:
        if not isinstance(error, msgspec.ValidationError):
            raise Bad(f"{str(raw)[:40]!r} is no JSON list of steps; {_SEE}") from None
        raise Bad(f"{error}; {_SEE}") from None
    if len(steps) > _STEPS_MAX:
        raise Bad(f"{len(steps)} steps; at most {_STEPS_MAX}")
    for number, step in enumerate(steps):
        if not _AFTER.fullmatch(step.after):
            raise Bad(f"$[{number}].after: {step.after[:20]!r} is neither start nor closed:<count>")
    _require_ends(steps)
    return tuple(steps)


def _require_ends(steps: list[PlanStep]) -> None:
    """Refuse a plan that waits for itself: so many of its positions can never have closed."""
    needed = sorted((step.closed_needed, number) for number, step in enumerate(steps))
    for before, (count, number) in enumerate(needed):
        if count > before:
            raise Bad(
                f"$[{number}].after: waits for closed:{count}, and only {before} of the plan's "
                "positions can close before it"
            )
