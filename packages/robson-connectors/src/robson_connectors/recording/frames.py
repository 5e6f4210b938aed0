"""Trades from raw stream frames, one a line: ``<receive time, ns> <json>``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from robson_connectors.grids import Grids
from robson_connectors.recording.recorded import (
    Recording,
    at_line,
    grids_of,
    without_duplicates,
)
from robson_connectors.trade_frames import (
    AGGREGATE,
    TRADE,
    AggregateTrade,
    DirectTrade,
    Envelope,
    Kind,
    tick_of,
)
from robson_domain.errors import ValidationError
from robson_domain.instrument import Instrument
from robson_domain.market import TradeTick
from robson_domain.symbols import Symbol

_FRAME: Final = "frame"


class _Frames:
    """One recording while it is read."""

    def __init__(self, instruments: Mapping[Symbol, Instrument] | Instrument) -> None:
        self.grids = grids_of(instruments)
        self.pairs: dict[str, Grids] = {}
        self.ignored = 0
        self.truncated = 0
        self._envelope = msgspec.json.Decoder(Envelope).decode
        self._kind = msgspec.json.Decoder(Kind).decode
        self._trade = msgspec.json.Decoder(DirectTrade).decode
        self._aggregate = msgspec.json.Decoder(AggregateTrade).decode

    def read(self, line: bytes) -> tuple[str, TradeTick] | None:
        """Return the kind of trade and the trade of one line, None for another message.

        Raises:
            ValidationError: When the line is no frame, or its numbers are off the grid.
        """
        head, _, body = line.partition(b" ")
        if not head.isdigit():
            raise ValidationError(_FRAME, "does not begin with a receive time in ns and a space")
        try:
            envelope = self._envelope(body)
            message, kind = body, envelope.e
            if not kind and envelope.data:
                message = bytes(envelope.data)
                kind = self._kind(message).e
            if kind == TRADE:
                trade = self._trade(message)
                return kind, self._tick(trade, trade.t, int(head))
            if kind == AGGREGATE:
                together = self._aggregate(message)
                return kind, self._tick(together, together.a, int(head))
        except msgspec.MsgspecError as error:
            raise ValidationError(_FRAME, f"not readable ({error})") from None
        self.ignored += 1
        return None

    def _tick(self, trade: DirectTrade | AggregateTrade, trade_id: int, received: int) -> TradeTick:
        grids = self.pairs.get(trade.s) or self._pair(trade.s)
        return tick_of(trade, trade_id, grids, received)

    def _pair(self, name: str) -> Grids:
        symbol = Symbol(name)
        if symbol not in self.grids:
            known = ", ".join(self.grids) or "none"
            raise ValidationError(
                "symbol",
                f"the recording holds {symbol}, sizes are given for {known}; pass --tick-size and "
                "--step-size",
            )
        self.pairs[name] = self.grids[symbol]
        return self.grids[symbol]


def parse_frames(
    lines: Iterable[str | bytes], instruments: Mapping[Symbol, Instrument] | Instrument
) -> Recording:
    """Return the trades of recorded stream frames, in the order of arrival.

    Trade messages count; a pair that has none is taken from its aggregate trades. Every other
    message is ignored. A last line that ends in the middle is left out and counted.

    Raises:
        ValidationError: Naming the line, for one that is no frame, a pair without instrument,
            and prices and quantities off its grid.
    """
    frames = _Frames(instruments)
    found = list(_read(frames, lines))
    direct = {tick.symbol for kind, tick in found if kind == TRADE}
    chosen = [tick for kind, tick in found if kind == TRADE or tick.symbol not in direct]
    kept, repeated = without_duplicates(chosen)
    return Recording(
        ticks=kept,
        duplicates=repeated,
        truncated=frames.truncated,
        ignored=frames.ignored + len(found) - len(chosen),
    )


def _read(frames: _Frames, lines: Iterable[str | bytes]) -> Iterator[tuple[str, TradeTick]]:
    pending: ValidationError | None = None
    for number, line in enumerate(lines, start=1):
        raw = line.encode() if isinstance(line, str) else line
        stripped = raw.strip()
        if not stripped:
            continue
        if pending is not None:
            raise pending
        try:
            found = frames.read(stripped)
        except ValidationError as error:
            if error.field != _FRAME or raw.endswith(b"\n"):
                raise at_line(number, error) from None
            # Perhaps cut off while it was written: forgiven only if nothing follows.
            pending = at_line(number, error)
            continue
        if found is not None:
            yield found
    frames.truncated = int(pending is not None)
