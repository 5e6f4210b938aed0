"""Every limit and pace of the running machine, named, with its reason."""

from __future__ import annotations

from typing import Final

MILLISECOND_NS: Final = 1_000_000
SECOND_NS: Final = 1_000_000_000

TIME_STEP_NS: Final = 100 * MILLISECOND_NS
"""Silence is noticed at these steps of the clock."""
DEFERRAL_NS: Final = 200 * MILLISECOND_NS
"""Longest input time that stop moves and detector states wait for a batch to ride on."""

INBOX_PRICES_MAX: Final = 50_000
"""Prices waiting at most; beyond it the machine is far behind and the link is closed instead."""
DRAIN_MAX: Final = 256
"""Inputs taken in one go; then the event loop gets its turn, so that sends and answers move."""
GROUP_EVENTS_MAX: Final = 512
"""Events in one group commit; more would delay the first of them."""
BACKLOG_UNITS_MAX: Final = 10_000
"""Decisions waiting for a store that fails; beyond it prices are refused, as with the inbox."""
SNAPSHOT_EVENTS: Final = 1_000
"""Events between two snapshots: replay at start-up stays below a second."""
CLOSED_SHOWN: Final = 1_000
"""Closed positions the view keeps; older ones are in the log."""

STORE_RETRY_FIRST_NS: Final = 100 * MILLISECOND_NS
STORE_RETRY_MAX_NS: Final = 5 * SECOND_NS
STORE_ALERT_EVERY: Final = 12
"""A store that fails is an alert at once, then again after so many tries."""

CALL_TIMEOUT_NS: Final = 10 * SECOND_NS
"""Longest wait for a venue; beyond it a send is in doubt and a question is asked again."""
ENTRY_AGE_MAX_NS: Final = 2 * SECOND_NS
"""An entry that became durable later than this after its decision is not sent."""
ASK_FIRST_NS: Final = 250 * MILLISECOND_NS
ASK_MAX_NS: Final = 5 * SECOND_NS
ASK_ALERT_EVERY: Final = 12
"""About 45 s of questions without the venue's last word are worth a person's attention."""
SILENCE_NS: Final = SECOND_NS
"""An order the venue took but has not finished telling about is asked for after this."""
ACCOUNT_RETRY_NS: Final = 250 * MILLISECOND_NS
ACCOUNT_TRIES_MAX: Final = 40
"""Ten seconds of failing snapshots; an entry waiting for one is stale long before."""
DOUBT_ACCOUNT_NS: Final = 2 * SECOND_NS
"""Between two snapshots while an order is in doubt; two that far apart are needed."""

BACKFILL_MAX_NS: Final = 5 * SECOND_NS
"""Longest time that live prices wait for back-filled ones: a stop is evaluated within it."""
BACKFILL_RETRY_NS: Final = 250 * MILLISECOND_NS
RENUMBERED_NS: Final = 2 * SECOND_NS
"""When only trades with old ids came for so long, the market has begun to count anew."""
BUFFER_MAX: Final = 50_000
"""Live prices kept while back-filling; more than that would have been seconds of trading."""

BATCHES_BETWEEN_UPKEEP: Final = 500
"""After so many batches the store is given the next quiet moment: half of what SQLite's write-ahead
file has room for, and not before 100 s of a stop that moves all the time."""

REJECTIONS_ALERT: Final = 3
"""Rejections of exits in a row from which the person is told of each."""
REPLY_TIMEOUT_NS: Final = 10 * SECOND_NS
"""Longest wait of a person's command for its durable answer."""
START_PATIENCE_NS: Final = 10 * SECOND_NS
"""Start-up waits so long for a venue's first answers; then stops matter more than answers."""
STOP_PATIENCE_S: Final = 3
"""Seconds of the event loop that shutting down waits for sends, then for the store: with the
closing of the ports it ends within the 10 s a service manager gives."""
CLOSE_PATIENCE_S: Final = 1
"""Seconds of the event loop for each port, and for all tasks together, to end."""

SUBSCRIPTION_MAX: Final = 1_000
"""Observations an observer may be behind by default."""
