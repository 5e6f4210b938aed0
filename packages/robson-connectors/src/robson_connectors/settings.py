"""Reading a connector's configuration: a mapping that the composition root fills.

Values are plain settings, except ``clock``, which is the Clock port itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from robson_domain.errors import ConfigurationError
from robson_domain.ports.system import Clock

Config = Mapping[str, object]
T = TypeVar("T")


def check_keys(config: Config, known: tuple[str, ...], name: str) -> None:
    """Refuse settings that nobody reads: a typing error would silently change nothing.

    Raises:
        ConfigurationError: Naming the unknown key and the known ones.
    """
    unknown = sorted(config.keys() - set(known))
    if unknown:
        raise ConfigurationError(
            f"connector {name}: unknown setting {', '.join(unknown)}; known: {', '.join(known)}"
        )


def clock_of(config: Config) -> Clock:
    """Return the clock.

    Raises:
        ConfigurationError: When there is none.
    """
    clock = config.get("clock")
    if not (hasattr(clock, "now_ns") and hasattr(clock, "sleep_until")):
        raise ConfigurationError("connector setting clock: must be the daemon's Clock")
    return clock


def value_of(config: Config, key: str, kind: type[T], default: T) -> T:
    """Return a setting of type ``kind``.

    Raises:
        ConfigurationError: For a value of another type.
    """
    value = config.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigurationError(
            f"connector setting {key}: must be {kind.__name__}, is {type(value).__name__}"
        )
    return value
