"""The paper venue: order of things, restart, and what happens when its disk fails."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from pathlib import Path

import pytest

from robson_connectors.paper import PaperConnector, SimulatedMarket
from robson_domain.errors import (
    ConfigurationError,
    DefinitiveVenueError,
    RetryableVenueError,
    UnknownSchema,
)
from robson_domain.identity import ClientOrderId
from robson_domain.market import TradeTick
from robson_domain.reports import OrderReport, ReportStatus
from robson_domain.symbols import OrderSide, Symbol
from robson_domain.values import Quantity
from robson_engine.simulated_venue import VenueAssumptions, VenueDelta
from tests.connectors.harnesses import BALANCE, BTC, ORIGIN, SECOND, PaperHarness
from tests.connectors.paper.kit import Seen, an_order

FILLED = ReportStatus.FILLED
ETH = Symbol("ETHUSDT")


# ---------------------------------------------------------------------- order of things


async def test_the_report_comes_before_the_price_that_caused_it(harness: PaperHarness) -> None:
    seen = Seen(harness.paper)
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    (report,) = seen.reports
    after = seen.all[seen.all.index(report) + 1]
    assert isinstance(after, TradeTick)
    assert report.fills[0].price == harness.instrument.price(after.ticks)
    assert report.ts_received == after.ts_received
    assert seen.all[0] == (BTC, True)


async def test_orders_fill_on_pairs_nobody_listens_to(harness: PaperHarness) -> None:
    seen = Seen(harness.paper, ETH)
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    assert [report.status for report in seen.reports] == [FILLED]
    assert {tick.symbol for tick in seen.ticks} == {ETH}


async def test_every_listener_hears_reports(harness: PaperHarness) -> None:
    first: list[OrderReport] = []
    second: list[OrderReport] = []
    harness.paper.subscribe_reports(first.append)
    harness.paper.subscribe_reports(second.append)
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    assert first == second
    assert len(first) == 1


async def test_a_listener_may_leave_while_it_is_called(harness: PaperHarness) -> None:
    ticks: list[TradeTick] = []

    def once(tick: TradeTick) -> None:
        ticks.append(tick)
        harness.paper.unsubscribe(BTC)

    harness.paper.subscribe(BTC, once, lambda *_: None)
    await harness.clock.run_for(SECOND)
    assert len(ticks) == 1


def test_listeners_may_come_before_the_loop() -> None:
    harness = PaperHarness(None)
    seen = Seen(harness.paper)

    async def later() -> None:
        await harness.paper.instrument(BTC)
        await harness.clock.run_for(SECOND)
        await harness.close()

    asyncio.run(later())
    assert len(seen.ticks) >= 4


async def test_the_market_is_nobodys_work(harness: PaperHarness) -> None:
    """What runs for ever must not count as part of the call that happened to start it."""
    busy: ContextVar[bool] = ContextVar("busy", default=False)
    heard: list[bool] = []
    busy.set(True)
    harness.paper.subscribe(BTC, lambda _: heard.append(busy.get()), lambda *_: None)
    await harness.clock.run_for(SECOND)
    assert set(heard) == {False}


async def test_unknown_pairs(harness: PaperHarness) -> None:
    nowhere = Symbol("DOGEUSDT")
    for call in (
        harness.paper.instrument(nowhere),
        harness.paper.trades_since(nowhere, 0),
        harness.paper.bars(nowhere, SECOND, 1),
        harness.paper.account(nowhere),
    ):
        with pytest.raises(DefinitiveVenueError):
            await call
    with pytest.raises(DefinitiveVenueError, match="BTCUSDT, ETHUSDT, SOLUSDT"):
        harness.paper.subscribe(nowhere, lambda _: None, lambda *_: None)


async def test_after_closing_everything_may_be_retried_elsewhere(harness: PaperHarness) -> None:
    await harness.paper.close()
    paper, name = harness.paper, ClientOrderId("a")
    for call in (
        paper.submit(an_order()),
        paper.cancel(BTC, name),
        paper.query_order(BTC, name),
        paper.open_orders(BTC),
        paper.fills_since(BTC, None),
        paper.account(BTC),
        paper.instrument(BTC),
        paper.trades_since(BTC, 0),
        paper.bars(BTC, SECOND, 1),
    ):
        with pytest.raises(RetryableVenueError, match="closed"):
            await call


# ------------------------------------------------------------------------------- restart


async def test_what_became_due_meanwhile_is_filled_at_the_prices_of_that_time(
    harness: PaperHarness,
) -> None:
    await harness.paper.submit(an_order())
    due = harness.clock.now_ns() + 50_000_000
    harness.kill()
    harness.clock.jump_to(ORIGIN + 100 * SECOND)
    await harness.reopen()
    report = await harness.paper.query_order(BTC, ClientOrderId("a"))
    (fill,) = report.fills
    trades = await harness.paper.trades_since(BTC, 0)
    at_that_time = next(tick for tick in trades if tick.ts_event >= due)
    assert fill.price == harness.instrument.price(at_that_time.ticks)
    assert fill.ts_event == at_that_time.ts_event
    seen = Seen(harness.paper)
    await harness.clock.run_for(SECOND)
    (pushed,) = seen.reports
    assert pushed.fills == (fill,)
    assert pushed.ts_received > ORIGIN + 100 * SECOND
    assert seen.all.index(pushed) < seen.all.index(seen.ticks[0])


async def test_an_order_that_is_not_due_waits_over_the_restart(harness: PaperHarness) -> None:
    await harness.paper.submit(an_order())
    await harness.reopen()
    assert (await harness.paper.query_order(BTC, ClientOrderId("a"))).fills == ()
    await harness.clock.run_for(SECOND)
    report = await harness.paper.query_order(BTC, ClientOrderId("a"))
    assert (report.status, len(report.fills)) == (FILLED, 1)


async def test_a_restart_in_the_middle_of_an_order_repeats_no_trade(tmp_path: Path) -> None:
    whole = PaperHarness(None, fill_fraction="0.05")
    broken = PaperHarness(str(tmp_path / "ledger.db"), fill_fraction="0.05")
    for harness in (whole, broken):
        await harness.paper.submit(an_order(quantity="0.05"))
    for _ in range(40):
        for harness in (whole, broken):
            await harness.clock.run_for(SECOND // 4)
        await broken.reopen()
    fills = [await harness.paper.fills_since(BTC, None) for harness in (whole, broken)]
    assert len(fills[0]) > 5
    assert fills[0] == fills[1]
    for harness in (whole, broken):
        await harness.close()


async def test_numbers_go_on_after_a_restart(harness: PaperHarness) -> None:
    for name in "abc":
        await harness.paper.submit(an_order(name))
        await harness.clock.run_for(SECOND)
        await harness.reopen()
    fills = await harness.paper.fills_since(BTC, None)
    assert [(name, fill.trade_id) for name, fill in fills] == [("a", "1"), ("b", "2"), ("c", "3")]


async def test_an_account_goes_on_with_its_balance(tmp_path: Path) -> None:
    harness = PaperHarness(str(tmp_path / "ledger.db"))
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    before = await harness.paper.account(BTC)
    await harness.reopen()
    after = await harness.paper.account(BTC)
    assert (before.net_qty, before.collateral) == (after.net_qty, after.collateral)
    await harness.close()


async def test_the_price_is_known_before_the_first_trade_after_a_restart(
    harness: PaperHarness,
) -> None:
    assert (await harness.paper.account(BTC)).borrowable_base > Quantity(1)


async def test_prices_are_not_written(harness: PaperHarness) -> None:
    await harness.paper.submit(an_order())
    await harness.clock.run_for(SECOND)
    assert harness.paper._account._ledger is not None
    database = harness.paper._account._ledger._database
    before = database.total_changes
    seen = Seen(harness.paper)
    await harness.clock.run_for(30 * SECOND)
    assert len(seen.ticks) > 140
    assert database.total_changes == before


# ------------------------------------------------------------------ a machine that slept


async def test_a_machine_that_slept_says_so_and_fills_what_was_due(harness: PaperHarness) -> None:
    seen = Seen(harness.paper)
    await harness.clock.run_for(SECOND)
    await harness.paper.submit(an_order())
    asleep = harness.clock.now_ns()
    harness.clock.jump_to(asleep + 60 * SECOND)
    await harness.clock.run_for(SECOND)
    assert seen.links == [True, False, True]
    (report,) = seen.reports
    assert asleep < report.fills[0].ts_event < asleep + SECOND
    gap = [b.trade_id - a.trade_id for a, b in zip(seen.ticks, seen.ticks[1:], strict=False)]
    assert max(gap) > 250
    first = next(tick for tick in seen.ticks if tick.ts_event > asleep)
    assert seen.all.index(report) < seen.all.index(first)


# ----------------------------------------------------------------------- the end of data


async def test_after_a_recording_everything_is_settled(tmp_path: Path) -> None:
    harness = PaperHarness(str(tmp_path / "ledger.db"), recorded=True)
    seen = Seen(harness.paper)
    market = harness.paper._market
    await harness.clock.run_to(ORIGIN + 60 * SECOND)
    assert not market.finished.is_set()
    await harness.paper.submit(an_order("last"))
    await harness.clock.run_for(3 * SECOND)
    assert market.finished.is_set()
    assert [(each.client_order_id, each.status) for each in seen.reports] == [("last", FILLED)]
    await harness.paper.submit(an_order("later", side=OrderSide.SELL))
    await harness.clock.run_for(SECOND // 10)
    assert seen.reports[-1].client_order_id == "later"
    assert seen.reports[-1].fills[0].price == harness.instrument.price(seen.ticks[-1].ticks)
    await harness.reopen()
    assert (await harness.paper.query_order(BTC, ClientOrderId("later"))).status is FILLED
    await harness.close()


async def test_an_order_filled_in_the_answer_needs_no_settling(tmp_path: Path) -> None:
    harness = PaperHarness(None, recorded=True, latency_ns=0)
    await harness.paper.account(BTC)
    await harness.clock.run_to(ORIGIN + 90 * SECOND)
    assert (await harness.paper.submit(an_order())).status is FILLED
    assert not harness.paper._tasks
    await harness.close()


async def test_capabilities_say_what_is_true(harness: PaperHarness) -> None:
    found = harness.paper.capabilities
    assert found.name == "paper"
    assert not found.deduplicates_client_ids
    assert found.can_short
    assert found.has_backfill
    assert found.has_history
    assert found.reports_pushed


async def test_in_memory_nothing_is_kept() -> None:
    harness = PaperHarness(None)
    await harness.paper.submit(an_order())
    assert harness.paper._venue.changes() is None
    await harness.close()


def test_a_resend_of_a_filled_order_is_executed_again() -> None:
    """Not hidden: whoever resends blindly loses money here as at a real venue."""

    async def run() -> None:
        harness = PaperHarness(None, latency_ns=0)
        await harness.paper.submit(an_order())
        await harness.paper.submit(an_order())
        assert len(await harness.paper.fills_since(BTC, None)) == 2
        await harness.close()

    asyncio.run(run())


async def test_assumptions_reach_the_venue() -> None:
    harness = PaperHarness(None, taker_fee_rate="0.0004", leverage_max=3)
    found = await harness.paper.account(BTC)
    assert (str(found.taker_fee_rate), found.leverage_max) == ("0.0004", 3)
    assert str(found.collateral) == str(BALANCE)
    await harness.close()


def test_the_ledger_refuses_another_market(tmp_path: Path) -> None:
    harness = PaperHarness(str(tmp_path / "ledger.db"))
    harness.kill()
    other = SimulatedMarket(12, harness.clock, ORIGIN)
    with pytest.raises(ConfigurationError, match="seed: 11 there, 12 now"):
        PaperConnector(
            other, str(tmp_path / "ledger.db"), VenueAssumptions(), BALANCE, harness.clock
        )


def test_a_ledger_that_does_not_fit_is_refused_and_released(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    harness = PaperHarness(path)
    assert harness.paper._account._ledger is not None
    harness.paper._account._ledger.write(VenueDelta(head="{}", orders=()))
    harness.kill()
    for _ in range(2):
        with pytest.raises(UnknownSchema):
            PaperHarness(path)


async def test_without_a_ledger_a_broken_market_is_not_hidden() -> None:
    harness = PaperHarness(None)
    broken = harness.paper._market
    del broken.instruments[BTC]
    broken.instruments[Symbol("DOGEUSDT")] = harness.instrument
    with pytest.raises(KeyError):
        PaperConnector(broken, None, VenueAssumptions(), BALANCE, harness.clock)
    await harness.close()
