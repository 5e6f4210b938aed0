"""Golden stories: a script of inputs, and after each what must have happened."""

from __future__ import annotations

from typing import Any

import attrs

from robson_domain import (
    ClientOrderId,
    Fill,
    IntentKind,
    Money,
    Notional,
    Price,
    PriceDelta,
    PriceOrigin,
    Quantity,
    ReportStatus,
    Side,
    TradeId,
)
from robson_domain.testing import a_risk, an_instrument
from robson_engine import Step
from tests.engine.golden import missing, shown
from tests.engine.world import World, id_of

_KINDS: dict[str, type] = {
    "quantity_min": Quantity,
    "quantity_max": Quantity,
    "notional_min": Notional,
    "collateral": Notional,
    "debt_base": Quantity,
    "filled_qty": Quantity,
    "commission": Quantity,
}


def _typed(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: _KINDS.get(name, lambda value: value)(value) for name, value in facts.items()}


def _order(name: str) -> ClientOrderId:
    """Return the id behind ``entry``, ``exit`` or ``exit-2``."""
    kind, _, number = name.partition("-")
    return id_of(IntentKind(kind.upper()), int(number or 1))


class Teller:
    """Runs one story."""

    def __init__(self, story: dict[str, Any]) -> None:
        self.given: dict[str, Any] = story.get("given", {})
        self.story = story
        self.world = World()
        self.world.arm(
            side=Side(self.given.get("side", "LONG")),
            risk=a_risk(capital=Money(self.given.get("capital", "10000"))),
            instrument=an_instrument(**_typed(self.given.get("instrument", {}))),
            expires_at=self.world.now + self.given["expires_in_ms"] * 10**6
            if "expires_in_ms" in self.given
            else 0,
        )

    def run(self) -> list[str]:
        """Return everything that was not as the story tells it."""
        found = []
        for number, told in enumerate(self.story["steps"], start=1):
            self.world.now += told.get("after_ms", 0) * 10**6
            outcome = getattr(self, f"do_{told['do']}")(told)
            where = f"step {number} ({told['do']})"
            if "events" in told:
                found += missing(*_pair(told["events"], outcome.events), f"{where} events")
            if "commands" in told:
                found += missing(*_pair(told["commands"], outcome.commands), f"{where} commands")
            position = shown(self.world.position())
            found += missing(told.get("position", {}), position, f"{where} position")
        return found

    # ------------------------------------------------------------------ what can be done

    def do_enter(self, _: dict[str, Any]) -> Step:
        """Signal at 100 and decide on a fresh snapshot."""
        self.world.signal(
            price=Price(self.given.get("price", "100")),
            distance=PriceDelta(self.given.get("distance", "2")),
        )
        return self.world.account(
            Price(self.given.get("price", "100")), **_typed(self.given.get("account", {}))
        )

    def do_fill(self, told: dict[str, Any]) -> Step:
        order = _order(told["order"])
        status = ReportStatus(told.get("status", "partially_filled"))
        return self.world.report(status, *map(self._fill, told["fills"]), order=order)

    def _fill(self, fact: dict[str, Any]) -> Fill:
        plain = self.world.fill(fact["price"], fact["quantity"])
        if "id" in fact:
            plain = attrs.evolve(plain, trade_id=TradeId(fact["id"]))
        if "fee" not in fact:
            return plain
        amount, asset = fact["fee"].split()
        return attrs.evolve(plain, commission=Quantity(amount), commission_asset=asset)

    def do_report(self, told: dict[str, Any]) -> Step:
        facts = _typed(
            {name: told[name] for name in ("code", "message", "filled_qty") if name in told}
        )
        if told.get("signed"):
            facts["ts_signed"] = self.world.now
        return self.world.report(ReportStatus(told["status"]), order=_order(told["order"]), **facts)

    def do_trade(self, told: dict[str, Any]) -> Step:
        return self.world.price(told["price"])

    def do_gap(self, told: dict[str, Any]) -> Step:
        return self.world.price(told["price"], origin=PriceOrigin.GAP)

    def do_rest(self, told: dict[str, Any]) -> Step:
        return self.world.price(told["price"], origin=PriceOrigin.REST)

    def do_time(self, _: dict[str, Any]) -> Step:
        return self.world.time()

    def do_account(self, told: dict[str, Any]) -> Step:
        last = told.get("last_price")
        return self.world.account(Price(last) if last else None, net_qty=told["net_qty"])

    def do_disarm(self, _: dict[str, Any]) -> Step:
        return self.world.disarm()

    def do_close(self, _: dict[str, Any]) -> Step:
        return self.world.close()

    def do_panic(self, _: dict[str, Any]) -> Step:
        return self.world.panic()

    def do_acknowledge(self, _: dict[str, Any]) -> Step:
        return self.world.acknowledge()


def _pair(expected: list[Any], actual: tuple[object, ...]) -> tuple[list[Any], list[Any]]:
    """Return both as lists of objects; a bare name stands for an object of that type."""
    wanted = [{"type": each} if isinstance(each, str) else each for each in expected]
    return wanted, [shown(each) for each in actual]
