"""The house rules, held over the whole repository.

Each rule is a small function in ``rules_*.py``; ``test_tidy_can_fail.py`` shows that each of them
finds what it is for. Limits and lists of exceptions may shrink, never grow without a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.architecture import rules_money, rules_purity, rules_shape
from tests.architecture.tree import MEMBERS, ROOT, Source, all_sources, shipped_sources

Rule = Callable[[Source], list[str]]

EVERYWHERE: Final[tuple[Rule, ...]] = (
    rules_shape.long_functions,
    rules_shape.crowded_parameters,
    rules_shape.unfinished,
    rules_purity.glued_sql,
)
SHIPPED: Final[tuple[Rule, ...]] = (
    rules_money.decimal_of_float,
    rules_money.inexact,
    rules_money.bare_quantize,
    rules_purity.reads_clock,
    rules_purity.takes_chances,
    rules_purity.touches_files,
    rules_purity.opens_sockets,
    rules_purity.names_a_venue,
    rules_purity.asks_whether_backtest,
    rules_purity.unsafe,
)

LONG_FILES: Final[dict[str, str]] = {}
"""Tables and conformance suites that are one thought although long: path to reason."""


def _all(rule: Rule, sources: tuple[Source, ...]) -> list[str]:
    return [finding for source in sources for finding in rule(source)]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
def test_rule_holds_everywhere(rule: Rule) -> None:
    assert _all(rule, all_sources()) == []


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda rule: rule.__name__)
def test_rule_holds_in_what_ships(rule: Rule) -> None:
    assert _all(rule, shipped_sources()) == []


def test_files_are_short() -> None:
    found = [f for s in all_sources() if s.path not in LONG_FILES for f in rules_shape.long_file(s)]
    assert found == []


def test_exceptions_for_long_files_are_still_needed() -> None:
    long = {s.path for s in all_sources() if rules_shape.long_file(s)}
    assert set(LONG_FILES) <= long


def test_functions_are_mostly_short() -> None:
    sizes = [size for source in shipped_sources() for size in rules_shape.function_sizes(source)]
    assert rules_shape.spread_too_wide(sizes) == []


def test_the_rules_see_every_member() -> None:
    """A walk that misses a folder would pass every rule."""
    seen = {source.package for source in shipped_sources()}
    assert seen == set(MEMBERS)
    assert "tests/architecture/test_tidy.py" in {source.path for source in all_sources()}


def test_every_rule_is_held() -> None:
    """A rule that somebody wrote and nobody runs is a comment."""
    modules = (rules_shape, rules_money, rules_purity)
    written = {
        name
        for module in modules
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and getattr(value, "__annotations__", {}) == {"source": "Source", "return": "list[str]"}
        and not name.startswith("_")
    }
    held = {rule.__name__ for rule in (*EVERYWHERE, *SHIPPED)} | {"long_file"}
    assert written == held


def test_no_package_of_tests_shadows_a_library() -> None:
    """An ``alembic/__init__.py`` would hide the library of that name."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
