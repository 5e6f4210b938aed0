"""Loading: merge the sources, parse every value, then look at them together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import typed_settings as ts
from typed_settings.cls_utils import deep_options
from typed_settings.dict_utils import get_path, set_path
from typed_settings.types import OptionInfo, OptionList, SettingsDict

from robson_domain import ConfigurationError
from robsond import system
from robsond.bad import Bad
from robsond.settings import checks, sources
from robsond.settings.model import Settings
from robsond.settings.parts import PARSE

_OPTIONS: Final[OptionList] = deep_options(Settings)
DEFAULT_FILE: Final = "robson.toml"


@attrs.frozen(kw_only=True)
class Loaded:
    """Settings, where they came from, and what the person should know about them."""

    settings: Settings
    file: Path | None
    warnings: tuple[str, ...]


class _Builder:
    """A typed-settings converter that only builds classes: :func:`_parsed` read the values."""

    def structure(self, obj: Any, cl: Any) -> Any:
        if not (attrs.has(cl) and isinstance(obj, dict)):
            return obj
        types = {field.name: field.type for field in attrs.fields(attrs.resolve_types(cl))}
        return cl(**{name: self.structure(value, types[name]) for name, value in obj.items()})

    def get_structure_hook(self, cl: Any) -> Any:
        return self.structure


def load(environment: Mapping[str, str], file: str | Path | None = None) -> Loaded:
    """Return the settings of ``environment`` over those of the file.

    Args:
        environment: Variables, the process's own in the daemon.
        file: A TOML file; without it ``ROBSON_CONFIG``, else ``robson.toml`` here if there is
            one.

    Raises:
        ConfigurationError: Naming every setting that is wrong and what to write instead.
    """
    chosen = _file(environment, file)
    loaders: list[Any] = [sources.EnvironmentLoader(environment)]
    if chosen is not None:
        loaders.insert(0, ts.FileLoader({"*": _toml}, [chosen]))
    try:
        settings = ts.load_settings(
            Settings, loaders, processors=[_parsed], converter=_Builder(), base_dir=Path.cwd()
        )
    except ts.exceptions.InvalidOptionsError as error:
        raise ConfigurationError(_unknown_keys(str(error))) from None
    except (ts.exceptions.TsError, OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{chosen}: {error}") from None
    settings = checks.together(settings)
    warnings = (*sources.strangers(environment, _OPTIONS), *checks.hints(settings))
    return Loaded(settings=settings, file=chosen, warnings=warnings)


def _file(environment: Mapping[str, str], file: str | Path | None) -> Path | None:
    named = file or environment.get("ROBSON_CONFIG")
    if not named:
        return Path(DEFAULT_FILE) if system.exists(DEFAULT_FILE) else None
    if not system.exists(named):
        raise ConfigurationError(f"there is no settings file {named}; check ROBSON_CONFIG")
    if system.is_folder(named):
        raise ConfigurationError(f"{named} is a folder, no settings file; check ROBSON_CONFIG")
    return Path(named)


def _toml(path: Path, settings_cls: type, options: OptionList) -> SettingsDict:
    found = ts.TomlFormat(section=None)(path, settings_cls, options)
    for option in options:
        if sources.is_secret(option) and _has(found, option) and not system.is_private(path):
            raise ConfigurationError(
                f"{path} holds {option.path} and others can read it; run: chmod 600 {path}"
            )
    return found


def _has(found: SettingsDict, option: OptionInfo) -> bool:
    try:
        return bool(get_path(found, option.path))
    except (KeyError, TypeError):
        return False


def _unknown_keys(message: str) -> str:
    source, _, keys = message.removeprefix("Invalid options found in ").rpartition(": ")
    known = {option.path for option in _OPTIONS}
    parts = [f"{key} is no setting{sources.nearest(key, known)}" for key in re.split(r",\s*", keys)]
    return f"{source}: {'; '.join(parts)}"


def _parsed(settings_dict: SettingsDict, settings_cls: type, options: OptionList) -> SettingsDict:
    parsed: SettingsDict = {}
    problems = []
    for option in options:
        try:
            value = get_path(settings_dict, option.path)
        except KeyError:
            continue
        try:
            set_path(parsed, option.path, _value(option, value))
        except Bad as error:
            problems.append(f"{sources.label(option)}: {error}")
    if problems:
        raise ConfigurationError("\n".join(problems))
    return parsed


def _value(option: OptionInfo, raw: Any) -> Any:
    is_default = raw is option.default and not option.default_is_factory
    return raw if is_default else option.metadata[PARSE](raw)
