"""Opening a paper account so that a restart goes on with the market it had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from robson_connectors.paper.ledger import stored_identity
from robson_connectors.paper.market import DEFAULT_PAIRS, PairSpec, SimulatedMarket
from robson_domain import codec
from robson_domain.ports.system import Clock

_NEW_SEED: Final = 1


def open_simulated_market(
    ledger_path: str | None,
    clock: Clock,
    *,
    seed: int | None = None,
    pairs: Sequence[PairSpec] = DEFAULT_PAIRS,
    volatility: int = 100,
) -> SimulatedMarket:
    """Return the simulated market of the account at ``ledger_path``; a new one starts now.

    Args:
        seed: None = the one of the account, or 1. Another one than the account's is found by
            the connector, which refuses it.

    Raises:
        StoreError: When the ledger cannot be read.
    """
    stored = None if ledger_path is None else stored_identity(ledger_path)
    known_seed, origin = _seed_and_origin(stored, clock.now_ns())
    chosen = known_seed if seed is None else seed
    return SimulatedMarket(chosen, clock, origin, pairs, volatility=volatility)


def _seed_and_origin(identity: str | None, now: int) -> tuple[int, int]:
    """Return seed and origin of the simulated market of this identity, else of a new one."""
    facts = codec.loads(identity) if identity is not None else None
    if not isinstance(facts, dict):
        return _NEW_SEED, now
    seed, origin = facts.get("seed"), facts.get("origin_ns")
    if not isinstance(seed, int) or not isinstance(origin, int):
        return _NEW_SEED, now
    return seed, origin
