"""Every test of the domain runs inside a decimal context that spoils whatever obeys it."""

from __future__ import annotations

from collections.abc import Generator
from decimal import localcontext

import pytest

from tests.domain.contexts import trap_everything


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with localcontext(trap_everything()):
        return (yield)
