"""Rules about who may touch the world, and what nobody may do."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.architecture.names import calls, dotted, imported_names, used_names
from tests.architecture.tree import Source

SYSTEM: Final = "robsond/system"
"""The one module that owns clock, ids, chance and files."""

TEST_KIT: Final = "robson_domain/testing"
FILES_ALLOWED: Final = (SYSTEM, TEST_KIT, "robson_store", "robson_connectors/paper")
"""Own database files in the store, the ledger in the paper venue."""
SOCKETS_ALLOWED: Final = (TEST_KIT, "robson_connectors/transport")

_CLOCKS: Final = frozenset(
    {
        "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today",
        "datetime.date.today", "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns",
        "time.perf_counter", "time.perf_counter_ns", "time.process_time", "time.clock_gettime",
        "time.sleep", "time.localtime", "time.gmtime", "time.strftime", "time.ctime",
    }
)  # fmt: skip
_CHANCES: Final = frozenset(
    {
        "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid.uuid8", "uuid.getnode",
        "os.urandom", "os.getrandom", "random", "secrets", "uuid_utils",
    }
)  # fmt: skip
_FILES: Final = frozenset(
    {
        "open", "io.open", "codecs.open", "os.open", "os.fdopen", "os.remove", "os.unlink",
        "os.replace", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.makedirs", "os.rmdir",
        "os.truncate", "os.listdir", "os.scandir", "os.walk", "tempfile", "shutil", "mmap", "glob",
    }
)  # fmt: skip
_FILE_METHODS: Final = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "touch", "unlink", "mkdir", "rmdir"}
)
_OPEN_MODE: Final = re.compile(r"[rwax][bt+]{0,2}")
_SOCKET_METHODS: Final = frozenset(
    {
        "open_connection", "open_unix_connection", "start_server", "start_unix_server",
        "create_connection", "create_server", "create_datagram_endpoint",
    }
)  # fmt: skip
_PURE_PARTS: Final = frozenset({"secrets.compare_digest"})

_UNSAFE_CALLS: Final = frozenset(
    {
        "eval", "exec", "__import__", "os.system", "os.popen", "subprocess.getoutput",
        "subprocess.getstatusoutput", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
    }
)  # fmt: skip
_UNSAFE_MODULES: Final = frozenset(
    {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
)
_STATEMENT_METHODS: Final = frozenset(
    {"execute", "executemany", "executescript", "exec_driver_sql", "scalar", "scalars"}
)
_VENUES: Final = re.compile("bin" + "ance|me" + "xc", re.IGNORECASE)


def _uses(source: Source, banned: frozenset[str]) -> list[str]:
    found = {
        source.at(line, name)
        for line, name in used_names(source)
        if name not in _PURE_PARTS
        and name != "secrets"
        and (name in banned or name.split(".")[0] in banned)
    }
    return sorted(found)


def reads_clock(source: Source) -> list[str]:
    """Time comes from the Clock port, so that a test can decide what time it is."""
    return [] if source.inside(SYSTEM, TEST_KIT) else _uses(source, _CLOCKS)


def takes_chances(source: Source) -> list[str]:
    """Ids and randomness come from ports, so that a run can be repeated byte for byte."""
    return [] if source.inside(SYSTEM, TEST_KIT) else _uses(source, _CHANCES)


_SYSTEM_MODULE = "robsond.system"
"""Whoever asks the system module for a file touches none itself."""


def _opens_path(call: ast.Call) -> bool:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "open"):
        return False
    mode = call.args[0] if call.args else None
    is_mode = isinstance(mode, ast.Constant) and _OPEN_MODE.fullmatch(str(mode.value)) is not None
    return is_mode or any(keyword.arg in ("mode", "encoding") for keyword in call.keywords)


def touches_files(source: Source) -> list[str]:
    """Files belong to the system module, the store and the paper ledger."""
    if source.inside(*FILES_ALLOWED):
        return []
    by_method = [
        source.at(call.lineno, f"{name or 'a path'} touches a file")
        for call, name in calls(source)
        if not name.startswith(f"{_SYSTEM_MODULE}.")
        and (
            _opens_path(call)
            or (isinstance(call.func, ast.Attribute) and call.func.attr in _FILE_METHODS)
        )
    ]
    return _uses(source, _FILES) + by_method


def opens_sockets(source: Source) -> list[str]:
    """Sockets are opened in the connectors' transport alone."""
    if source.inside(*SOCKETS_ALLOWED):
        return []
    return [
        source.at(call.lineno, name)
        for call, name in calls(source)
        if name.split(".")[-1] in _SOCKET_METHODS
    ]


def names_a_venue(source: Source) -> list[str]:
    """The core works for venues nobody has thought of; a name there is a special case."""
    if source.package not in ("robson_domain", "robson_engine"):
        return []
    return [
        source.at(number, match.group())
        for number, line in enumerate(source.text.splitlines(), start=1)
        if (match := _VENUES.search(line))
    ]


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return str(node.value) if isinstance(node, ast.Constant) else ""


def asks_whether_backtest(source: Source) -> list[str]:
    """Below robsond nothing knows whether it is live; else a backtest proves nothing."""
    if source.package in ("", "robsond"):
        return []
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            for part in ast.walk(node.test):
                if "backtest" in _words(part).lower():
                    found.add(source.at(node.lineno, "decides by whether this is a backtest"))
        elif _words(node) == "is_backtest" or getattr(node, "arg", None) == "is_backtest":
            found.add(source.at(getattr(node, "lineno", 0), "is_backtest"))
    return sorted(found)


def unsafe(source: Source) -> list[str]:
    """No code out of data, no shell."""
    found = [
        source.at(line, name)
        for line, name in used_names(source)
        if name.split(".")[0] in _UNSAFE_MODULES
    ]
    for call, name in calls(source):
        if name in _UNSAFE_CALLS:
            found.append(source.at(call.lineno, name))
        for keyword in call.keywords:
            if keyword.arg == "shell" and not _is_false(keyword.value):
                found.append(source.at(call.lineno, "shell=True"))
    return found


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _is_glued(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = (node.left, node.right)
        return any(_is_glued(side) or _is_text(side) for side in sides)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "format"
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def glued_sql(source: Source) -> list[str]:
    """Values reach the database as parameters, never as part of the statement's text."""
    names = imported_names(source.tree)
    found = []
    for call, _ in calls(source):
        name = dotted(call.func, names)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        is_text = name in ("sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.DDL")
        statement = method in _STATEMENT_METHODS or is_text
        if statement and call.args and _is_glued(call.args[0]):
            found.append(source.at(call.lineno, "SQL glued together from pieces"))
    return found
