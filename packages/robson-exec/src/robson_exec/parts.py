"""What a daemon is made of."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from robson_domain import (
    AlertSink,
    Clock,
    ExecutionPort,
    HoldingsPort,
    Ids,
    LendingPort,
    MarketDataPort,
    Money,
    RiskLimits,
    SafetyNetMode,
    Store,
)
from robson_engine import DETECTORS, EngineConfig
from robson_engine.detectors import DetectorType
from robson_exec.activity import Activity
from robson_exec.limits import POLL_NS


@attrs.frozen(kw_only=True)
class ProtectionSettings:
    """How the Safety Net works.

    Attributes:
        poll_ns: Between two looks at the account, ns.
        cancels_locking_orders: Whether orders of the person's that lock what an exit needs are
            canceled before it.
        mode: What the Safety Net may do from this start on; None = as the log says.
    """

    poll_ns: int = POLL_NS
    cancels_locking_orders: bool = True
    mode: SafetyNetMode | None = None


@attrs.frozen(kw_only=True)
class Parts:
    """What a daemon is made of.

    Attributes:
        capital: Risk capital of the account, quote currency; the log's wins without ``limits``.
        limits: What the account may risk from this start on, with ``capital``; None = as the log
            says.
        holdings: Reads the whole account; None = there is no Safety Net.
        lending: Where the venue lends, None elsewhere.
        protection: How the Safety Net works.
        registry: Detectors by name.
        activity: Shared with a virtual clock, when that is what ``clock`` is.
        skips_quiet_time: Whether steps of time at which nothing is due may be left out; for
            clocks that do not pass by themselves.
    """

    config: EngineConfig
    capital: Money
    store: Store
    execution: ExecutionPort
    market: MarketDataPort
    clock: Clock
    ids: Ids
    alerts: AlertSink
    limits: RiskLimits | None = None
    holdings: HoldingsPort | None = None
    lending: LendingPort | None = None
    protection: ProtectionSettings = ProtectionSettings()
    registry: Mapping[str, DetectorType] = DETECTORS
    activity: Activity = attrs.field(factory=Activity)
    skips_quiet_time: bool = False
