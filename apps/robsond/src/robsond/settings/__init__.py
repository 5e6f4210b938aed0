"""Settings: ``robson.toml`` and the environment, checked before anything starts."""

from robsond.settings.load import Loaded, load
from robsond.settings.model import Settings
from robsond.settings.parts import Http, Limits, Log, Market, Plugins
from robsond.settings.protection import Protection
from robsond.settings.reference import effective, reference

__all__ = [
    "Http",
    "Limits",
    "Loaded",
    "Log",
    "Market",
    "Plugins",
    "Protection",
    "Settings",
    "effective",
    "load",
    "reference",
]
