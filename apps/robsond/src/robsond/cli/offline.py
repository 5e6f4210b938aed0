"""Proofs from the files themselves, without a daemon; nothing is written."""

from __future__ import annotations

from typing import Any


def verify(data_dir: str | None) -> dict[str, Any]:
    """Return whether the log in the data directory verifies."""
    raise RuntimeError(data_dir)


def replay(data_dir: str | None) -> dict[str, Any]:
    """Return whether folding the log gives the stored state, and the timeline."""
    raise RuntimeError(data_dir)
