"""Every import contract can break, and breaks for what it names.

The contracts run over a skeleton of the six packages, so that the outcome does not depend on what
the real ones hold today; `make check` runs the same contracts over the real ones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.test_packaging import distribution
from tests.architecture.tree import MEMBERS, ROOT, root_metadata

CONTRACTS: Final = root_metadata()["tool"]["importlinter"]["contracts"]

ALLOWED: Final = {
    "robson_domain/testing/__init__.py": "import hypothesis, random, time",
    "robson_domain/values.py": "import attrs, decimal, hashlib, json",
    "robson_engine/research/__init__.py": "import numpy, pathlib\nimport robson_engine.sizing",
    "robson_engine/sizing.py": "import attrs, bisect\nfrom robson_domain import values",
    "robson_exec/runner.py": "import asyncio\nfrom robson_engine import sizing",
    "robson_store/sql.py": "import sqlite3, sqlalchemy, psycopg\nfrom robson_domain import values",
    "robson_connectors/transport/__init__.py": "import socket, ssl, httpx, websockets",
    "robson_connectors/acme/__init__.py": "from robson_connectors import transport",
    "robson_connectors/paper/__init__.py": "import sqlite3\nfrom robson_engine import sizing",
    "robsond/compose.py": "import robson_store.sql, robson_connectors.paper, robson_exec.runner",
    "robsond/api.py": "import litestar\nfrom robson_exec import runner\nimport robsond.compose",
}

PLANTED: Final = {
    "layers": ("robson_domain/a.py", "import robson_engine"),
    "shells-are-strangers": ("robson_exec/b.py", "import robson_store"),
    "store-without-engine": ("robson_store/c.py", "import robson_engine"),
    "connectors-without-engine": ("robson_connectors/d.py", "import robson_engine.sizing"),
    "adapters-only-in-compose": ("robsond/e.py", "import robson_store.sql"),
    "test-kit-stays-out": ("robson_connectors/f.py", "import robson_domain.testing"),
    "domain-needs-attrs-alone": ("robson_domain/g.py", "import msgspec"),
    "domain-does-nothing": ("robson_domain/h.py", "import random"),
    "engine-needs-nothing": ("robson_engine/i.py", "import numpy"),
    "engine-does-nothing": ("robson_engine/j.py", "import asyncio"),
    "engine-without-research": ("robson_engine/k.py", "import robson_engine.research"),
    "exec-needs-nothing": ("robson_exec/l.py", "import httpx"),
    "exec-touches-nothing": ("robson_exec/m.py", "import time"),
    "sockets-only-in-transport": ("robsond/n.py", "import socket"),
    "network-clients-only-in-transport": ("robson_connectors/o.py", "import httpx"),
    "databases-only-in-store": ("robsond/p.py", "import psycopg"),
    "sqlite-only-in-store-and-paper": ("robson_connectors/q.py", "import sqlite3"),
    "store-offline-from-venues": ("robson_store/r.py", "import httpx"),
}


def _grow(folder: Path, files: dict[str, str]) -> None:
    for package in MEMBERS:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


def _outcome(folder: Path, files: dict[str, str]) -> dict[str, str]:
    _grow(folder, files)
    shutil.copy(ROOT / "pyproject.toml", folder)
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}
    run = subprocess.run(
        [command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True
    )
    found = re.findall(r"^(.+?) (KEPT|BROKEN)", run.stdout, re.MULTILINE)
    names = {contract["name"]: contract["id"] for contract in CONTRACTS}
    assert found, run.stdout + run.stderr
    return {names[name]: verdict for name, verdict in found}


def test_every_contract_is_planted() -> None:
    assert set(PLANTED) == {contract["id"] for contract in CONTRACTS}


def test_the_shape_we_want_keeps_every_contract(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, ALLOWED)
    assert outcome == dict.fromkeys(PLANTED, "KEPT")


def test_every_contract_breaks_for_its_violation(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, {**ALLOWED, **dict(PLANTED.values())})
    assert outcome == dict.fromkeys(PLANTED, "BROKEN")


@pytest.mark.parametrize("name", ["domain-needs-attrs-alone", "engine-needs-nothing",
                                  "exec-needs-nothing"])  # fmt: skip
def test_every_library_in_use_is_forbidden_to_the_core(name: str) -> None:
    """A library that somebody adds tomorrow is not allowed into the core by omission."""
    (contract,) = [contract for contract in CONTRACTS if contract["id"] == name]
    needs = (ROOT / "requirements" / "run.in").read_text(encoding="utf-8").splitlines()
    used = {distribution(need) for need in needs if need and need[0] not in "#-"} - {"attrs"}
    modules = {
        module
        for module, providers in packages_distributions().items()
        if used & {distribution(provider) for provider in providers}
        and module.isidentifier()
        and not module.startswith("_")
    }
    assert modules - set(contract["forbidden_modules"]) == set()
