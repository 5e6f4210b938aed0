"""What the container image must be, read off its recipe; the health check is really run.

The rules are in ``rules_container.py``; the planted faults at the end show that none is idle.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.rules_container import (
    RULES,
    Recipe,
    addresses,
    data,
    every_member,
    examples_are_safe,
    fetching,
    health,
    ignored,
    loopback,
    plain_syntax,
    secrets,
    settings_exist,
    stages,
    starts_the_daemon,
    tools_stay_behind,
    user,
)
from tests.architecture.test_packaging import distribution, lock_flaws
from tests.architecture.tree import MEMBERS, ROOT, member_metadata, root_metadata

RESEARCH: Final = frozenset({"duckdb", "numba", "numpy", "pandas", "polars", "pyarrow"})
TEST_TOOLS: Final = frozenset({"hypothesis", "mypy", "pip", "pytest", "ruff", "setuptools"})


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _real() -> Recipe:
    names = ("Dockerfile", ".dockerignore", "docs/container.md", "docs/configuration.md")
    return Recipe(*(_read(name) for name in names))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Callable[[Recipe], list[str]]) -> None:
    assert rule(_real()) == []


# ------------------------------------------------------------------ what the locks bring in


def _pins(name: str) -> dict[str, str]:
    found = re.findall(
        r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", _read(f"requirements/{name}"), re.MULTILINE
    )
    return {distribution(pin): version for pin, version in found}


def test_research_and_test_tools_stay_out() -> None:
    group = root_metadata()["dependency-groups"]["dev"]
    unwanted = RESEARCH | TEST_TOOLS | {distribution(need) for need in group}
    assert unwanted & set(_pins("run.lock")) == set()
    assert {"litestar", "psycopg-binary", "sqlalchemy"} <= set(_pins("run.lock"))


def test_build_tools_are_pinned_as_the_tests_use_them() -> None:
    build, dev = _pins("build.lock"), _pins("dev.lock")
    assert lock_flaws(_read("requirements/build.lock")) == []
    assert {name: dev.get(name) for name in build} == build


def test_build_tools_are_those_the_members_ask_for() -> None:
    asked = {
        need for member in MEMBERS for need in member_metadata(member)["build-system"]["requires"]
    }
    lines = _read("requirements/build.in").splitlines()
    assert {line for line in lines if line and line[0] not in "#-"} == asked
    assert {distribution(need) for need in asked} <= set(_pins("build.lock"))


# ------------------------------------------------------------------ the health check, run


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = getattr(self.server, "status", 200)
        self.send_response(wanted if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _daemon(folder: Path, status: int) -> Iterator[None]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        vars(server)["status"] = status
        (folder / "daemon.json").write_text(json.dumps({"pid": 1, "port": server.server_port}))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _check(folder: Path) -> int:
    (check,) = _real().final("HEALTHCHECK")
    program, *arguments = json.loads(check.partition(" CMD ")[2])
    assert program == "python"
    dead_end = "http://127.0.0.1:9"
    environment = {"ROBSON_DATA_DIR": str(folder), "http_proxy": dead_end, "all_proxy": dead_end}
    run = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True)
    return run.returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (404, 1), (503, 1)])
def test_health_follows_the_answer(tmp_path: Path, status: int, code: int) -> None:
    with _daemon(tmp_path, status):
        assert _check(tmp_path) == code


def test_nobody_there_is_unhealthy(tmp_path: Path) -> None:
    assert _check(tmp_path) == 1
    with _daemon(tmp_path, 200):
        pass
    assert _check(tmp_path) == 1


# ------------------------------------------------------------------ planted faults

_COPY: Final = "COPY --from=build /opt/robson /opt/robson"
_USER: Final = "USER 1000:1000"

PLANTED: Final = (
    (stages, _COPY, f"{_COPY}\nCOPY packages packages"),
    (stages, "FROM ${BASE} AS build", "FROM ${BASE}"),
    (stages, "WORKDIR /src", "WORKDIR /src\nADD packages packages"),
    (plain_syntax, "COPY --from=build", "COPY --link --from=build"),
    (plain_syntax, "RUN python -m venv", "RUN <<EOF\npython -m venv"),
    (plain_syntax, "# Two stages", "# syntax=docker/dockerfile:1\n# Two stages"),
    (addresses, "BASE=python:", "BASE=registry.example.org/python:"),
    (addresses, "-slim-bookworm", ""),
    (fetching, "    --require-hashes --only-binary :all: -r", "    --only-binary :all: -r"),
    (fetching, "--require-hashes --only-binary :all: -r", "--require-hashes -r"),
    (fetching, "wheel --no-index", "wheel"),
    (fetching, " --no-build-isolation", ""),
    (fetching, "RUN groupadd", "RUN apt-get update && groupadd"),
    (tools_stay_behind, "venv --without-pip", "venv"),
    (tools_stay_behind, "/opt/tools/bin/pip install",
     "/opt/tools/bin/pip --python /opt/robson/bin/python install"),
    (every_member, " packages/robson-exec ", " "),
    (user, _USER, "USER 0:0"),
    (user, _USER, ""),
    (user, _USER, f"{_USER}\nRUN true"),
    (user, "-m 0700 /data", "-m 0755 /data"),
    (data, "VOLUME /data", "VOLUME /var/data"),
    (loopback, _USER, f"EXPOSE 8080\n{_USER}"),
    (loopback, "ROBSON_DATA_DIR=/data", "ROBSON_HTTP_HOST=0.0.0.0 ROBSON_DATA_DIR=/data"),
    (secrets, "ROBSON_DATA_DIR=/data", "ROBSON_API_TOKEN=abc ROBSON_DATA_DIR=/data"),
    (starts_the_daemon, '["robsond", "run"]', "robsond run"),
    (starts_the_daemon, _USER, f'{_USER}\nENTRYPOINT ["sh", "-c"]'),
    (health, "--interval=30s", "--interval=60s"),
    (health, "/healthz", "/readyz"),
    (health, '["python", ', '["curl", '),
    (health, "HEALTHCHECK", "# HEALTHCHECK"),
    (ignored, "*\n!packages", "!packages"),
    (ignored, "!apps", "!apps\n!tests"),
    (ignored, "!apps\n", ""),
    (ignored, "**/.env\n", ""),
    (ignored, "**/__pycache__\n", ""),
    (examples_are_safe, "-p 127.0.0.1:8080:8080", "-p 8080:8080"),
    (examples_are_safe, "--network none --read-only", "--network none"),
    (examples_are_safe, "--cap-drop ALL", "--privileged"),
    (examples_are_safe, " -e ROBSON_BEHIND_PROXY=true", ""),
    (examples_are_safe, "ROBSON_API_TOKEN_FILE=/run/secrets/robson-token", "ROBSON_API_TOKEN=abc"),
    (settings_exist, "ROBSON_ALLOWED_HOSTS", "ROBSON_ALLOWED_NAMES"),
)  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), PLANTED)
def test_fault_is_seen(rule: Callable[[Recipe], list[str]], old: str, new: str) -> None:
    real = _real()
    texts = (real.dockerfile, real.ignore, real.page, real.settings_page)
    assert any(old in text for text in texts), "the fault has no place to be planted"
    assert rule(Recipe(*(text.replace(old, new, 1) for text in texts))) != []


def test_every_rule_has_its_fault() -> None:
    assert {rule.__name__ for rule, _, _ in PLANTED} == {rule.__name__ for rule in RULES}
