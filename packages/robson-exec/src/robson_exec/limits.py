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
ASK_EXIT_MAX_NS: Final = SECOND_NS
"""An exit in doubt is asked about this often: it is dead sooner, and the next one follows."""
ASK_ALERT_EVERY: Final = 12
"""About 45 s of questions without the venue's last word are worth a person's attention."""
SILENCE_NS: Final = SECOND_NS
"""An order the venue took but has not finished telling about is asked for after this."""
ACCOUNT_RETRY_NS: Final = 250 * MILLISECOND_NS
ACCOUNT_TRIES_MAX: Final = 40
"""Ten seconds of failing snapshots; an entry waiting for one is stale long before."""
DOUBT_ACCOUNT_NS: Final = 2 * SECOND_NS
"""Between two snapshots while an order is in doubt; two that far apart are needed."""

RESTING_ASK_NS: Final = 20 * SECOND_NS
"""Between two questions about a stop that is known to rest at the venue."""

ANSWER_APART_NS: Final = SECOND_NS
"""A guard or a debt that is asked about again at once is answered so long after the last time."""
PRESSING_APART_NS: Final = 2 * SECOND_NS
"""Between the two looks that must agree where the venue refuses what the log says is there."""
PRESSING_PAUSE_NS: Final = 250 * MILLISECOND_NS
"""Before a pair is looked at again because an order was on its way meanwhile."""
PRESSING_RESTS_MAX: Final = 5
"""So often it is asked whether an order is still on its way before the look counts for nothing."""
PRESSING_BACKOFF_MAX_NS: Final = 10 * SECOND_NS
PRESSING_TRIES_MAX: Final = 40
"""So many looks at one pair in a row; then the ordinary ones go on alone."""
DEBT_FIRST_NS: Final = 500 * MILLISECOND_NS
DEBT_MAX_NS: Final = 10 * SECOND_NS
DEBT_ALERT_EVERY: Final = 12
"""About a minute and a half of questions about a debt without an answer is worth a person's
attention."""

POLL_NS: Final = 20 * SECOND_NS
"""Between two looks at the whole account."""
LOOK_BACKOFF_MAX_NS: Final = 120 * SECOND_NS
"""Longest pause between two looks while the venue refuses to answer."""
HINT_PAUSE_NS: Final = SECOND_NS
"""A hint is seldom alone: the look waits for what else comes with it."""
HINTED_LOOKS_APART_NS: Final = 5 * SECOND_NS
"""However many hints come, looks are at least so far apart."""
PRICE_FRESH_NS: Final = 5 * SECOND_NS
"""An older live price is not believed where the venue's own valuation is at hand."""
WALK_TIMEOUT_NS: Final = 60 * SECOND_NS
"""The first walk through the trades of a pair is many pages long."""
TRADES_KEPT_MAX: Final = 10_000
"""Trades of one pair in memory; walking more would hold up prices."""
RULES_KEPT_NS: Final = 3_600 * SECOND_NS
"""A pair's rules are asked for again after this."""
REFS_ASKED_FIRST: Final = 50
REFS_ASKED_LAST: Final = 450
"""Of the names a position may have in the venue's records so many are looked up: what opened it is
among the first, what was added lately among the last."""
POLLS_AFTER_CORE: Final = 2
"""For so many polls after core ceased to own a pair nothing is done there."""
FOREIGN_TRADES_NS: Final = 86_400 * SECOND_NS
"""Older trades of an unknown Robson tell of a database that is gone, not of one at work."""
LAST_CHECK_NS: Final = 700 * MILLISECOND_NS
"""Longest time that an exit waits to learn whether somebody else has closed its quantity."""
UNLOCK_PATIENCE_NS: Final = 2 * SECOND_NS
"""Longest time that an exit waits for orders in its way to be canceled."""

BACKFILL_MAX_NS: Final = 5 * SECOND_NS
"""Longest time that live prices wait for back-filled ones: a stop is evaluated within it."""
ASK_PRICES_NS: Final = 2 * SECOND_NS
"""While no prices are pushed they are asked for this often: a stop is tested within 5 s."""
ASKED_AHEAD_NS: Final = 30 * SECOND_NS
"""So long after prices were asked for, pushed ones may still come that are older than those."""
BACKFILL_RETRY_NS: Final = 250 * MILLISECOND_NS
RENUMBERED_NS: Final = 2 * SECOND_NS
"""When only trades with old ids came for so long, the market has begun to count anew."""
BUFFER_MAX: Final = 50_000
"""Live prices kept while back-filling; more than that would have been seconds of trading."""

BATCHES_BETWEEN_UPKEEP: Final = 500
"""After so many batches the store is given the next quiet moment: half of what SQLite's write-ahead
file has room for, and not before 100 s of a stop that moves all the time."""

REJECTIONS_ALERT: Final = 3
"""Rejections of exits or of venue stops in a row from which the person is told of each."""
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
