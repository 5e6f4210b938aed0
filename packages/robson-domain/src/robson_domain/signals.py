"""What a detector, a strategy or the person says should be traded."""

from __future__ import annotations

import attrs

from robson_domain.identity import PositionId, SignalId
from robson_domain.risk import TechnicalStopDistance
from robson_domain.symbols import Side, Symbol
from robson_domain.values import Price


@attrs.frozen(kw_only=True)
class DetectorSignal:
    """One detector's single signal for its position.

    Attributes:
        signal_id: Unique; becomes the entry's intent id, so one signal can enter once.
        entry_price: Price seen when the signal was made (P of the sizing formula).
        technical_stop: Level that proves the idea wrong; D is its distance from entry.
        timestamp: Receive time of the price that fired it, UTC ns.
    """

    signal_id: SignalId
    position_id: PositionId
    symbol: Symbol
    side: Side
    entry_price: Price
    technical_stop: Price
    timestamp: int

    @property
    def stop_distance(self) -> TechnicalStopDistance:
        """The distance to be traded over.

        Raises:
            ValidationError: When the stop is not on the losing side of the entry.
        """
        return TechnicalStopDistance(
            entry_price=self.entry_price, technical_stop=self.technical_stop, side=self.side
        )
