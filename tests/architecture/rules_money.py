"""Rules that keep money exact."""

from __future__ import annotations

import ast
from typing import Final

from tests.architecture.names import calls
from tests.architecture.tree import Source

INEXACT_ALLOWED: Final = (
    "robson_domain/testing",  # measures and draws; it prices nothing
    "robson_engine/indicators/numeric",  # the one bridge between Decimal and float
    "robson_engine/research",  # frames for people to look at
)
"""Modules of domain and engine that may use floats. Everything else there is money."""

QUANTIZE_ALLOWED: Final = (
    "robson_domain/decimals",
    "robson_domain/instrument",
    "robson_domain/rounding",
    "robson_domain/values",
)
"""Roundings have a direction and a name; these modules are where they get them."""


def _is_float(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_float(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, float | complex)


def decimal_of_float(source: Source) -> list[str]:
    """``Decimal(0.1)`` is 0.1000000000000000055; write it as text."""
    return [
        source.at(call.lineno, "Decimal of a float literal")
        for call, name in calls(source)
        if name.split(".")[-1] in ("Decimal", "from_float")
        and call.args
        and _is_float(call.args[0])
    ]


def inexact(source: Source) -> list[str]:
    """Money is never a float: no literal, no conversion, no ``/`` (``decimals.div`` is exact)."""
    if source.package not in ("robson_domain", "robson_engine"):
        return []
    if source.inside(*INEXACT_ALLOWED):
        return []
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(source.at(node.lineno, f"float literal {node.value}"))
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(source.at(node.lineno, "true division"))
    conversions = ("float", "complex")
    found += [source.at(call.lineno, name) for call, name in calls(source) if name in conversions]
    return found


def bare_quantize(source: Source) -> list[str]:
    """A rounding without a name has no direction that a reader could check."""
    if source.inside(*QUANTIZE_ALLOWED):
        return []
    return [
        source.at(call.lineno, "bare quantize")
        for call, _ in calls(source)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "quantize"
    ]
