"""Finding connectors by entry point. Installed is not trusted: only allowed ones are loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import attrs

from robson_domain.errors import ConfigurationError

GROUP: Final = "robson.connectors"
OWN: Final = "robson-connectors"
"""The distribution whose connectors need no permission."""

Factory = Callable[[Mapping[str, object]], object]


@attrs.frozen(kw_only=True)
class Plugin:
    """One connector that is installed.

    Attributes:
        name: What settings choose it by.
        distribution: Who ships it.
        factory: Makes the connector from its settings; None when it is not to be used.
        problem: Why it is not to be used, and what to do; empty when all is well.
    """

    name: str
    distribution: str
    factory: Factory | None = None
    problem: str = ""


@attrs.frozen
class Plugins:
    """All connectors that are installed, by name."""

    found: tuple[Plugin, ...]

    @property
    def usable(self) -> Mapping[str, Factory]:
        """The factories by name."""
        return {plugin.name: plugin.factory for plugin in self.found if plugin.factory is not None}

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the others, one line each."""
        return tuple(plugin.problem for plugin in self.found if plugin.problem)

    def factory(self, name: str) -> Factory:
        """Return the factory called ``name``.

        Raises:
            ConfigurationError: When there is none, or it is broken or not allowed; with the fix.
        """
        for plugin in self.found:
            if plugin.name == name and plugin.factory is not None:
                return plugin.factory
        for plugin in self.found:
            if plugin.name == name:
                raise ConfigurationError(plugin.problem)
        known = ", ".join(sorted(self.usable)) or "none"
        raise ConfigurationError(f"connector {name!r} is not installed; usable: {known}")


def discover(allow: Collection[str] = ()) -> Plugins:
    """Return the installed connectors: own ones, and those whose distribution is in ``allow``.

    Code of a distribution that is not allowed is never imported. One that fails to load is
    reported and does not harm the others; of two with one name the own one counts.
    """
    return discovered(entry_points(group=GROUP), allow)


def discovered(found: Iterable[EntryPoint], allow: Collection[str]) -> Plugins:
    """Return what :func:`discover` returns, for the entry points given."""
    ordered = sorted(found, key=lambda entry: (_origin(entry) != OWN, entry.name, _origin(entry)))
    allowed = {_normal(name) for name in allow} | {OWN}
    plugins: dict[tuple[str, str], Plugin] = {}
    for entry in ordered:
        taken = next((p for p in plugins.values() if p.name == entry.name and p.factory), None)
        key = (entry.name, _origin(entry))
        plugins.setdefault(key, _plugin(entry, allowed, taken))
    return Plugins(tuple(plugins.values()))


def _plugin(entry: EntryPoint, allowed: set[str], taken: Plugin | None) -> Plugin:
    origin = _origin(entry)
    plugin = Plugin(name=entry.name, distribution=origin)
    if origin not in allowed:
        fix = f"add {origin} to plugins.allow if you trust it"
        return attrs.evolve(plugin, problem=f"connector {entry.name} of {origin}: {fix}")
    if taken is not None:
        why = f"its name is taken by {taken.distribution}"
        return attrs.evolve(plugin, problem=f"connector {entry.name} of {origin}: {why}")
    try:
        factory = entry.load()
    except (Exception, SystemExit) as error:
        why = f"cannot be loaded ({type(error).__name__}: {error}); repair or uninstall it"
        return attrs.evolve(plugin, problem=f"connector {entry.name} of {origin} {why}")
    if not callable(factory):
        why = f"{entry.value} is no function; ask its author"
        return attrs.evolve(plugin, problem=f"connector {entry.name} of {origin}: {why}")
    return attrs.evolve(plugin, factory=factory)


def _origin(entry: EntryPoint) -> str:
    return "unknown" if entry.dist is None else _normal(entry.dist.name)


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")
