"""Logs: one line an entry, nothing secret, nothing that a terminal or a parser obeys.

Third-party loggers speak up from WARNING on and pass the same redaction: some of them write
addresses with signatures, or headers.
"""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, TextIO

import structlog

from robsond.secret import MASK, Secret
from robsond.wire import moment

_SECRET_KEYS: Final = re.compile(
    r"token|secret|password|passwd|authorization|signature|api_?key|listen_?key|credential", re.I
)
_SECRET_TEXTS: Final = re.compile(
    r"(?i)(bearer\s+)[^\s\"',;]+|((?:signature|token|secret|api_?key|listen_?key)=)[^\s&\"']+"
)
_DANGEROUS: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})
_TEXT_MAX: Final = 8_000

_hidden: set[str] = set()


def hide(secrets: Iterable[Secret | str]) -> None:
    """Mask these texts wherever they appear in a log from now on."""
    for secret in secrets:
        text = secret.reveal() if isinstance(secret, Secret) else secret
        if text:
            _hidden.add(text)


def escaped(text: str) -> str:
    """Return ``text`` with line ends, control, bidirectional and invisible signs spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        sign if unicodedata.category(sign) not in _DANGEROUS else _spelled(sign) for sign in text
    )


def _spelled(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def redacted(text: str) -> str:
    """Return ``text`` with everything masked that is, or looks like, a secret."""
    for secret in _hidden:
        text = text.replace(secret, MASK)
    return _SECRET_TEXTS.sub(lambda found: (found[1] or found[2]) + MASK, text)


def _clean(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key):
        return MASK
    if key == "exception":
        # Its lines stay lines, each marked, so that none can pass for an entry.
        return "\n  | ".join(_plain(line) for line in str(value).split("\n"))
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, dict):
        return {_plain(str(name)): _clean(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", part) for part in value]
    return _plain(str(value))


def _plain(text: str) -> str:
    return escaped(redacted(text[:_TEXT_MAX]))


def _cleaned(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {key: value for key, value in entry.items() if key.startswith("_")}
    return kept | {
        _plain(key): _clean(key, value) for key, value in entry.items() if key not in kept
    }


def _one_line_traceback(
    logger: Any, method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    # Without local variables: they may hold secrets that no pattern knows.
    if entry.get("exc_info"):
        structlog.processors.format_exc_info(logger, method, entry)
    return entry


def _console(target: TextIO) -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(
        colors=target.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def configure(*, level: str, style: str, stream: TextIO | None = None, now: Any = None) -> None:
    """Send every log of this process, ours and others', to one place in one shape.

    Args:
        level: Least severe level of our own entries.
        style: ``json``, ``console`` or ``auto`` (console on a terminal).
        stream: Where to; standard error when None.
        now: Function returning UTC ns, for the entries' time.
    """
    target = stream or sys.stderr
    is_console = style == "console" or (style == "auto" and target.isatty())

    def stamp(logger: Any, method: str, entry: MutableMapping[str, Any]) -> Any:
        if now is not None:
            entry["timestamp"] = moment(now())
        return entry

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        stamp,
        _one_line_traceback,
        _cleaned,
    ]
    renderer = (
        _console(target) if is_console else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for package in ("robsond", "robson_exec", "robson_store", "robson_connectors"):
        logging.getLogger(package).setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> Any:
    """Return a logger; ``name`` is the module's."""
    return structlog.stdlib.get_logger(name)
