"""A person who types commands: in this process, so that it is quick and measured."""

from __future__ import annotations

import contextlib
import io
import json
import os
from typing import Any

import attrs
import pytest

from robsond.cli.app import run


@attrs.frozen
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


def robson(*typed: str, **environment: str) -> Ended:
    """Run one command without any setting of the machine's own."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("ROBSON_", "DATABASE_URL"))]:
            patch.delenv(name)
        for name, value in {"COLUMNS": "80", **environment}.items():
            patch.setenv(name, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(typed)
    return Ended(code, out.getvalue(), err.getvalue())
