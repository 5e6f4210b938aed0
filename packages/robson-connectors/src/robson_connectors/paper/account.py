"""Opening a paper account so that a restart goes on with the market it had."""

from __future__ import annotations

from collections.abc import Sequence

from robson_connectors.paper.ledger import stored_identity
from robson_connectors.paper.market import DEFAULT_PAIRS, PairSpec, SimulatedMarket
from robson_domain import codec
from robson_domain.ports.system import Clock


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
    facts = codec.loads(stored) if stored is not None else None
    origin = clock.now_ns()
    if isinstance(facts, dict) and facts.get("market") == "simulated":
        known_seed, known_origin = facts.get("seed"), facts.get("origin_ns")
        if isinstance(known_seed, int) and isinstance(known_origin, int):
            seed = known_seed if seed is None else seed
            origin = known_origin
    return SimulatedMarket(1 if seed is None else seed, clock, origin, pairs, volatility=volatility)
