"""Where settings come from: a TOML file and the environment, the latter winning."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from typed_settings.dict_utils import set_path
from typed_settings.types import LoadedSettings, LoaderMeta, OptionInfo, OptionList

from robson_domain import ConfigurationError
from robsond.bad import Bad
from robsond.settings.parts import ENV, PARSE, SECRET
from robsond.system import read_secret

ENVIRONMENT: Final = "environment"
CLIENT_NAMES: Final = frozenset({"ROBSON_API_URL"})
"""Read by the command line, not by the daemon."""
FILE_NAMES: Final = frozenset({"ROBSON_CONFIG"})
LATER_NAMES: Final = {
    "MEXC_API_KEY": "a connector to that venue",
    "MEXC_API_SECRET": "a connector to that venue",
    "MEXC_BASE_URL": "a connector to that venue",
    "MEXC_WS_URL": "a connector to that venue",
    "ROBSON_TICKSTORE_URL": "the tick store",
}
"""Reserved names whose function is not part of this version."""


def env_name(option: OptionInfo) -> str:
    """Return the variable that sets ``option``, empty when only the file can."""
    return str(option.metadata.get(ENV, ""))


def is_secret(option: OptionInfo) -> bool:
    """Say whether the value must not be shown."""
    return bool(option.metadata.get(SECRET))


def label(option: OptionInfo) -> str:
    """Return how a message names ``option``: as in the environment and as in the file."""
    variable = env_name(option)
    return f"{variable} ({option.path} in robson.toml)" if variable else option.path


class EnvironmentLoader:
    """A typed-settings loader over a given environment, with ``NAME_FILE`` for secrets.

    Args:
        environment: Variables; the process's own in the daemon.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __call__(self, settings_cls: type, options: OptionList) -> LoadedSettings:
        """Return what the environment says.

        Raises:
            ConfigurationError: For a secret's file that cannot be used, or a value given twice.
        """
        found: dict[str, Any] = {}
        for option in options:
            raw = self._value(option)
            if raw is not None:
                set_path(found, option.path, raw)
        return LoadedSettings(found, LoaderMeta(ENVIRONMENT))

    def _value(self, option: OptionInfo) -> str | None:
        variable = env_name(option)
        if not variable:
            return None
        direct = self._environment.get(variable)
        file = self._environment.get(f"{variable}_FILE") if is_secret(option) else None
        if not file:
            return None if direct == "" and not _takes_nothing(option) else direct
        if direct:
            raise ConfigurationError(f"{variable} and {variable}_FILE are both set; keep one")
        try:
            return read_secret(file)
        except ConfigurationError as error:
            raise ConfigurationError(f"{variable}_FILE: {error}") from None


def _takes_nothing(option: OptionInfo) -> bool:
    """Say whether an empty text is a value of its own, and not just a variable left empty."""
    try:
        option.metadata[PARSE]("")
    except Bad:
        return False
    return True


def known_names(options: OptionList) -> set[str]:
    """Return every variable that has a meaning now."""
    names = {env_name(option) for option in options} - {""}
    names |= {f"{env_name(option)}_FILE" for option in options if is_secret(option)}
    return names | CLIENT_NAMES | FILE_NAMES


def strangers(environment: Mapping[str, str], options: OptionList) -> list[str]:
    """Return a warning for every ``ROBSON_`` variable without a meaning."""
    known = known_names(options)
    warnings = []
    for variable in sorted(environment):
        later = LATER_NAMES.get(variable.removesuffix("_FILE"))
        if later is not None:
            warnings.append(f"{variable} has no effect yet: it comes with {later}")
        elif variable.startswith("ROBSON_") and variable not in known:
            warnings.append(f"{variable} is no setting{nearest(variable, known)}")
    return warnings


def nearest(word: str, known: set[str]) -> str:
    """Return a question naming the known word most like ``word``, or nothing."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""
