"""What a detector can be told, declared once: read, checked, explained and documented from here.

Parameters arrive as text, from a command line or a request, and are checked when a position is
armed. Every refusal names the parameter, says what is allowed and shows an example.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, Generic, TypeVar, cast

import attrs

from robson_domain import Price, PriceDelta, ValidationError, decimals

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

COUNT_MAX: Final = 1_000
"""Most bars any window holds: kept in memory for every armed position and written with it."""
PLACES_MAX: Final = 8
"""Digits after the point of what the person writes; no market's tick is smaller."""
SECONDS_MAX: Final = Decimal(30 * 24 * 3600)
"""Longest delay; an idea that waits longer than a month should be armed anew."""
_SECOND: Final = 1_000_000_000
INTERVALS: Final[Mapping[str, int]] = {
    "1s": _SECOND,
    "5s": 5 * _SECOND,
    "15s": 15 * _SECOND,
    "1m": 60 * _SECOND,
    "5m": 300 * _SECOND,
    "15m": 900 * _SECOND,
    "1h": 3600 * _SECOND,
}
"""Bar lengths by name, ns."""
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_SHOWN: Final = 40


@attrs.frozen(kw_only=True)
class Param(Generic[T_co]):
    """One parameter.

    Attributes:
        default: Text taken when it is not given; None = then it has no value.
        meaning: What it does and what is allowed, one sentence for people.
        example: A text that is allowed.
        parse: Turns text into the value; raises ValueError saying what the text is not.
    """

    name: str
    default: str | None
    meaning: str
    example: str
    parse: Callable[[str], T_co]

    def read(self, given: str) -> T_co:
        """Return the value of ``given``.

        Raises:
            ValidationError: When the text is not allowed.
        """
        try:
            return self.parse(given)
        except ValueError as error:
            # A ValidationError is a ValueError too; its own field name would only confuse.
            problem = error.problem if isinstance(error, ValidationError) else str(error)
            shown = repr(given[:_SHOWN])
            raise ValidationError(
                self.name, f"{shown}: {problem}; e.g. {self.name}={self.example}"
            ) from None


class Params:
    """The checked values of one detector, asked for by parameter."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, param: Param[T]) -> T:
        return cast(T, self._values[param.name])


def resolve(
    detector: str, allowed: tuple[Param[object], ...], given: Iterable[tuple[str, str]]
) -> Params:
    """Return the values of all ``allowed`` parameters: as ``given``, else their defaults.

    Args:
        detector: Name of the detector, for messages.

    Raises:
        ValidationError: For a parameter that is unknown, given twice, or has a bad value.
    """
    known = {param.name: param for param in allowed}
    values = {
        param.name: None if param.default is None else param.parse(param.default)
        for param in allowed
    }
    seen: set[str] = set()
    for name, text in given:
        if name not in known:
            # A field is a name to look for; what is none may hold anything, so it is quoted.
            field = name if name.isidentifier() and len(name) <= _SHOWN else "params"
            raise ValidationError(field, _unknown(detector, name[:_SHOWN], allowed))
        if name in seen:
            raise ValidationError(name, f"given twice; e.g. {name}={known[name].example}")
        seen.add(name)
        values[name] = known[name].read(text)
    return Params(values)


def _unknown(detector: str, name: str, allowed: tuple[Param[object], ...]) -> str:
    names = ", ".join(param.name for param in allowed)
    example = f"{allowed[0].name}={allowed[0].example}"
    return f"{name!r} is not a parameter of {detector}; it takes {names}, e.g. {example}"


def count(text: str) -> int:
    """Return the number of bars that ``text`` says, 1 to :data:`COUNT_MAX`."""
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= COUNT_MAX:
        raise ValueError(f"must be a whole number from 1 to {COUNT_MAX}")
    return int(text)


def duration(text: str) -> int:
    """Return the nanoseconds in ``text`` seconds, 0 to :data:`SECONDS_MAX`, exactly."""
    seconds = decimals.to_decimal(text)
    nanoseconds = decimals.mul(seconds, Decimal(_SECOND))
    if not 0 <= seconds <= SECONDS_MAX or nanoseconds != int(nanoseconds):
        raise ValueError(
            f"must be seconds from 0 to {SECONDS_MAX} with at most 9 digits after the point"
        )
    return int(nanoseconds)


def bar_interval(text: str) -> int:
    """Return the nanoseconds of the bar length named ``text``."""
    if text not in INTERVALS:
        raise ValueError(f"must be one of {', '.join(INTERVALS)}")
    return INTERVALS[text]


def _short(text: str) -> Decimal:
    number = decimals.to_decimal(text)
    if decimals.places(number) > PLACES_MAX:
        raise ValueError(f"at most {PLACES_MAX} digits after the point")
    return number


def price(text: str) -> Price:
    """Return the price that ``text`` says."""
    return Price(_short(text))


def distance(text: str) -> PriceDelta | Decimal:
    """Return the distance that ``text`` says.

    Returns:
        For ``"0.2%"`` the fraction of the price it stands for, a Decimal; for ``"150"`` that
        difference of prices.
    """
    if not text.endswith("%"):
        delta = PriceDelta(_short(text))
        if delta.value <= 0:
            raise ValueError("must be above zero: a difference of prices, or a percent sign after")
        return delta
    percent = _short(text[:-1].rstrip())
    if not 0 < percent < 100:
        raise ValueError("must be above 0% and below 100%")
    return decimals.mul(percent, Decimal("0.01"))


INTERVAL: Final = Param(
    name="interval",
    default="1m",
    meaning=f"Length of a bar: one of {', '.join(INTERVALS)}.",
    example="5m",
    parse=bar_interval,
)
SWING: Final = Param(
    name="swing",
    default="20",
    meaning=f"How many complete bars the technical stop looks back, 1 to {COUNT_MAX}.",
    example="20",
    parse=count,
)
STOP: Final[Param[Price | None]] = Param(
    name="stop",
    default=None,
    meaning="The technical stop as a price, instead of the swing.",
    example="93100",
    parse=price,
)
STOP_DISTANCE: Final[Param[PriceDelta | Decimal | None]] = Param(
    name="stop_distance",
    default=None,
    meaning="Distance of the technical stop from the signal's price, as a percentage of it or as "
    "a difference of prices, instead of the swing.",
    example="0.5%",
    parse=distance,
)
COMMON: Final[tuple[Param[object], ...]] = (INTERVAL, SWING, STOP, STOP_DISTANCE)
"""What every detector takes beside its own parameters."""
