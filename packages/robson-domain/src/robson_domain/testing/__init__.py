"""For people who test: ready-made objects, random ones, and cards that adapters must pass.

    ``builders*``    one plausible object of every kind, changed where a test cares
    ``unions*``      one of every input, event, command and state
    ``strategies``   Hypothesis strategies of every public type (extra ``[testing]``)
    ``*_cards``      what a store, a venue or a market must do, to be subclassed by its tests

Builders and unions need no test library and are re-exported here; the rest is imported by its
module, so that only those who ask for it need one. Production code never imports this package.
"""

from robson_domain.testing.builders import (
    a_bar,
    a_detector_state,
    a_fill,
    a_ledger,
    a_new_order,
    a_position,
    a_report,
    a_risk,
    a_signal,
    a_snapshot,
    a_tick,
    an_account,
    an_arm_command,
    an_instrument,
    an_intent,
    an_order,
)
from robson_domain.testing.builders_protection import (
    a_core_seen,
    a_debt,
    a_debt_report,
    a_guard,
    a_protected_position,
    a_venue_stop,
    an_external_seen,
)
from robson_domain.testing.unions import (
    an_event,
    every_command,
    every_event,
    every_input,
    every_state,
)

__all__ = [
    "a_bar",
    "a_core_seen",
    "a_debt",
    "a_debt_report",
    "a_detector_state",
    "a_fill",
    "a_guard",
    "a_ledger",
    "a_new_order",
    "a_position",
    "a_protected_position",
    "a_report",
    "a_risk",
    "a_signal",
    "a_snapshot",
    "a_tick",
    "a_venue_stop",
    "an_account",
    "an_arm_command",
    "an_event",
    "an_external_seen",
    "an_instrument",
    "an_intent",
    "an_order",
    "every_command",
    "every_event",
    "every_input",
    "every_state",
]
