"""Every house rule finds what it is for, and lets pass what it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.architecture import rules_money, rules_purity, rules_shape
from tests.architecture.tree import Source

Rule = Callable[[Source], list[str]]

DOMAIN: Final = "packages/robson-domain/src/robson_domain/planted.py"
ENGINE: Final = "packages/robson-engine/src/robson_engine/planted.py"
NUMERIC: Final = "packages/robson-engine/src/robson_engine/indicators/numeric.py"
EXEC: Final = "packages/robson-exec/src/robson_exec/planted.py"
STORE: Final = "packages/robson-store/src/robson_store/planted.py"
TRANSPORT: Final = "packages/robson-connectors/src/robson_connectors/transport/socket.py"
PAPER: Final = "packages/robson-connectors/src/robson_connectors/paper/ledger.py"
ROBSOND: Final = "apps/robsond/src/robsond/planted.py"
SYSTEM: Final = "apps/robsond/src/robsond/system.py"
TEST: Final = "tests/planted.py"


def _function(lines: int, head: str = "def f():") -> str:
    return head + "\n" + "    pass\n" * lines


def _marked(index: int) -> str:
    return f"x = 1  # {rules_shape.UNFINISHED[index]}: later\n"


BAD: Final[list[tuple[Rule, str, str]]] = [
    (rules_shape.long_functions, DOMAIN, _function(61)),
    (
        rules_shape.long_functions,
        TEST,
        "class A:\n    async def f(self):\n" + "        pass\n" * 61,
    ),
    (rules_shape.long_file, TEST, "x = 1\n" * 401),
    (rules_shape.crowded_parameters, EXEC, "def f(a, b, c, d, e, g): ...\n"),
    (rules_shape.crowded_parameters, EXEC, "def f(self, a, b, /, c, d, e, g): ...\n"),
    *[(rules_shape.unfinished, TEST, _marked(i)) for i in range(len(rules_shape.UNFINISHED))],
    (rules_money.decimal_of_float, EXEC, "from decimal import Decimal\nx = Decimal(-0.1)\n"),
    (rules_money.decimal_of_float, EXEC, "import decimal as d\nx = d.Decimal(1.5)\n"),
    (rules_money.inexact, ENGINE, "x = 0.5\n"),
    (rules_money.inexact, DOMAIN, "x = float('1')\n"),
    (rules_money.inexact, ENGINE, "def f(a, b):\n    return a / b\n"),
    (rules_money.inexact, ENGINE, "def f(a, b):\n    a /= b\n"),
    (rules_money.bare_quantize, EXEC, "def f(x, y):\n    return x.quantize(y)\n"),
    (rules_purity.reads_clock, EXEC, "from datetime import datetime\nx = datetime.now()\n"),
    (rules_purity.reads_clock, STORE, "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n"),
    (rules_purity.reads_clock, ROBSOND, "import time\nx = time.monotonic()\n"),
    (rules_purity.reads_clock, ROBSOND, "from time import time as t\n"),
    (rules_purity.reads_clock, DOMAIN, "import datetime\nnow = datetime.datetime.now\n"),
    (rules_purity.takes_chances, EXEC, "import random\n"),
    (rules_purity.takes_chances, STORE, "from uuid import uuid4\n"),
    (rules_purity.takes_chances, ROBSOND, "import os\nx = os.urandom(8)\n"),
    (rules_purity.takes_chances, ROBSOND, "import secrets\nx = secrets.token_hex()\n"),
    (rules_purity.touches_files, ROBSOND, "x = open('a').read()\n"),
    (rules_purity.touches_files, EXEC, "def f(path):\n    return path.read_text()\n"),
    (rules_purity.touches_files, ROBSOND, "def f(path):\n    return path.open('rb')\n"),
    (rules_purity.touches_files, ROBSOND, "def f(path):\n    path.write_bytes(b'')\n"),
    (rules_purity.touches_files, TRANSPORT, "import os\nos.replace('a', 'b')\n"),
    (rules_purity.touches_files, ROBSOND, "import tempfile\n"),
    (rules_purity.opens_sockets, EXEC, "import asyncio\nx = asyncio.open_connection('a', 1)\n"),
    (rules_purity.opens_sockets, ROBSOND, "def f(loop):\n    loop.create_server(f)\n"),
    (rules_purity.names_a_venue, ENGINE, "# as Bin" + "ance does it\n"),
    (rules_purity.names_a_venue, DOMAIN, "x = 'ME" + "XC'\n"),
    (rules_purity.asks_whether_backtest, ENGINE, "def f(backtest):\n    if backtest: return 1\n"),
    (rules_purity.asks_whether_backtest, EXEC, "def f(s):\n    s.is_backtest = True\n"),
    (rules_purity.asks_whether_backtest, EXEC, "def f(is_backtest):\n    return 1\n"),
    (rules_purity.asks_whether_backtest, EXEC, "x = 1 if mode == 'backtest' else 2\n"),
    (rules_purity.unsafe, ROBSOND, "x = eval('1')\n"),
    (rules_purity.unsafe, ROBSOND, "exec('1')\n"),
    (rules_purity.unsafe, STORE, "import pickle\n"),
    (rules_purity.unsafe, STORE, "from pickle import loads\n"),
    (rules_purity.unsafe, ROBSOND, "import yaml\nx = yaml.load('a')\n"),
    (rules_purity.unsafe, ROBSOND, "import subprocess\nsubprocess.run('ls', shell=True)\n"),
    (rules_purity.unsafe, ROBSOND, "import os\nos.system('ls')\n"),
    (rules_purity.glued_sql, STORE, "def f(c, t):\n    c.execute(f'select * from {t}')\n"),
    (rules_purity.glued_sql, STORE, "def f(c, t):\n    c.execute('select %s' % t)\n"),
    (rules_purity.glued_sql, STORE, "def f(c, t):\n    c.execute('select ' + t + ' from x')\n"),
    (rules_purity.glued_sql, STORE, "def f(c, t):\n    c.execute('select {}'.format(t))\n"),
    (rules_purity.glued_sql, STORE, "from sqlalchemy import text\nx = text(f'select {x}')\n"),
]

GOOD: Final[list[tuple[Rule, str, str]]] = [
    (rules_shape.long_functions, DOMAIN, _function(60)),
    (rules_shape.long_functions, DOMAIN, 'def f():\n    """' + "x\n" * 70 + '"""\n    pass\n'),
    (rules_shape.long_file, TEST, "x = 1\n" * 400),
    (rules_shape.crowded_parameters, EXEC, "def f(self, a, b, c, d, e, *, g, h): ...\n"),
    (rules_shape.unfinished, TEST, "x = 'mastodon'\n"),
    (rules_money.decimal_of_float, EXEC, "from decimal import Decimal\nx = Decimal('0.1')\n"),
    (rules_money.inexact, NUMERIC, "x = float('1') / 2.0\n"),
    (rules_money.inexact, STORE, "x = 0.5\n"),
    (rules_money.inexact, ENGINE, "def f(a, b):\n    return a // b\n"),
    (rules_money.bare_quantize, DOMAIN.replace("planted", "values"), "y = x.quantize(z)\n"),
    (rules_purity.reads_clock, SYSTEM, "import time\nx = time.time()\n"),
    (rules_purity.reads_clock, EXEC, "def f(clock):\n    return clock.now()\n"),
    (rules_purity.takes_chances, SYSTEM, "import random, uuid\nx = uuid.uuid4()\n"),
    (rules_purity.takes_chances, ROBSOND, "import secrets\nx = secrets.compare_digest('a', 'b')\n"),
    (rules_purity.takes_chances, EXEC, "def f(random):\n    return random\n"),
    (rules_purity.touches_files, DOMAIN, "class Bar:\n    open: int\n    low = open\n"),
    (rules_purity.touches_files, STORE, "x = open('a').read()\n"),
    (rules_purity.touches_files, PAPER, "x = open('a').read()\n"),
    (rules_purity.touches_files, EXEC, "def f(position):\n    position.open()\n"),
    (
        rules_purity.opens_sockets,
        TRANSPORT,
        "import asyncio\nx = asyncio.open_connection('a', 1)\n",
    ),
    (rules_purity.names_a_venue, TRANSPORT, "x = 'bin" + "ance'\n"),
    (rules_purity.asks_whether_backtest, ROBSOND, "x = 1 if mode == 'backtest' else 2\n"),
    (rules_purity.asks_whether_backtest, ENGINE, "def backtest(x):\n    return x\n"),
    (rules_purity.unsafe, ROBSOND, "import re, subprocess\nsubprocess.run(['ls'], shell=False)\n"),
    (rules_purity.unsafe, EXEC, "def f(order):\n    order.eval()\n"),
    (rules_purity.glued_sql, STORE, "def f(c, t):\n    c.execute('select ?', (f'{t}',))\n"),
    (rules_purity.glued_sql, STORE, "def f(c, q, t):\n    c.execute(q.where(q.x == f'{t}'))\n"),
]


def _name(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("rule", "path", "text"), BAD, ids=_name)
def test_rule_finds_what_was_planted(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) != []


@pytest.mark.parametrize(("rule", "path", "text"), GOOD, ids=_name)
def test_rule_lets_the_innocent_pass(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) == []


def test_every_rule_was_planted() -> None:
    from tests.architecture.test_tidy import EVERYWHERE, SHIPPED

    assert {rule for rule, _, _ in BAD} >= {*EVERYWHERE, *SHIPPED, rules_shape.long_file}


@pytest.mark.parametrize(
    ("sizes", "findings"),
    [([5] * 10, 0), ([12] * 10, 0), ([13] * 10, 1), ([5] * 8 + [31] * 2, 1), ([31] * 10, 2)],
)
def test_spread_of_function_sizes(sizes: list[int], findings: int) -> None:
    assert len(rules_shape.spread_too_wide(sizes)) == findings
