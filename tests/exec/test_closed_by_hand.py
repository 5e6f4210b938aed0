"""What trades by hand have closed of core's position, for who asks before something is sent."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson_domain import ClientOrderId, Price, TradeId
from tests.exec.net_rig import SELL, net_rig
from tests.exec.world import BTC


async def test_what_was_closed_by_hand_is_told_at_once_to_who_asks() -> None:
    async with net_rig() as rig:
        position = await rig.enter()
        parts = rig.net._parts
        before = await parts.reader.fresh(BTC)
        assert parts.sync.closed_by_hand(position, before) is None
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(-1))
        gone = await parts.reader.fresh(BTC)
        assert parts.sync.closed_by_hand(position, gone) is None, "no trade explains it"
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(1))
        noted = dict(parts.sync.steady._seen)
        rig.trade(SELL, "1")
        rig.venue.holdings.deposit(BTC, "BTC", Decimal(1))
        after = await parts.reader.fresh(BTC)
        found = parts.sync.closed_by_hand(position, after)
        assert found is not None
        assert (found.missing, found.price) == (Decimal(1), Price(100))
        nameless = attrs.evolve(after.trades[-1], client_order_id=ClientOrderId(""))
        doubtful = attrs.evolve(after, trades=(*after.trades[:-1], nameless))
        assert parts.sync.closed_by_hand(position, doubtful) is None
        entry = after.trades[0]
        late = attrs.evolve(entry, fill=attrs.evolve(entry.fill, trade_id=TradeId("99")))
        behind = attrs.evolve(after, trades=(*after.trades, late))
        assert parts.sync.closed_by_hand(position, behind) is None
        assert parts.sync.steady._seen == noted
