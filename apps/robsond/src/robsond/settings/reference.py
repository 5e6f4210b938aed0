"""The settings as a table: for people, made from the classes."""

from __future__ import annotations

from typing import Any, Final

from typed_settings.cls_utils import deep_options

from robsond.secret import MASK, Secret
from robsond.settings.model import Settings
from robsond.settings.parts import HELP
from robsond.settings.sources import env_name, is_secret

_OPTIONS: Final = deep_options(Settings)


def _shown(value: Any) -> str:
    if value is None or value == () or value == "" or (isinstance(value, Secret) and not value):
        return "(empty)"
    if isinstance(value, tuple):
        return ", ".join(_shown(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _default(option: Any) -> str:
    if option.default_is_factory:
        return "the platform's user data folder" if option.path == "data_dir" else "(empty)"
    return "(empty)" if is_secret(option) else _shown(option.default)


def reference() -> str:
    """Return the Markdown table of every setting."""
    lines = ["| environment | `robson.toml` | default | meaning |", "|---|---|---|---|"]
    for option in _OPTIONS:
        variable = f"`{env_name(option)}`" if env_name(option) else "–"
        if is_secret(option) and env_name(option):
            variable += f", `{env_name(option)}_FILE`"
        about = str(option.metadata[HELP]).replace("|", "\\|")
        lines.append(f"| {variable} | `{option.path}` | {_default(option)} | {about} |")
    return "\n".join(lines) + "\n"


def effective(settings: Settings) -> list[tuple[str, str]]:
    """Return name and value of every setting, secrets masked."""
    rows = []
    for option in _OPTIONS:
        value: Any = settings
        for part in option.path.split("."):
            value = getattr(value, part)
        if option.path == "plan":
            value = f"{len(value)} steps" if value else ""
        if option.path == "protection.disaster_stop":
            value = "off" if value is None else value
        shown = MASK if is_secret(option) and value else _shown(value)
        rows.append((env_name(option) or option.path, shown))
    return rows
