"""How fast we speak, and how long we wait."""

from __future__ import annotations

from robson_connectors.transport.pace import Pace, backoff_ns
from tests.connectors.transport.kit import SECOND, HurryingClock


def test_the_wait_doubles_to_thirty_seconds() -> None:
    lowest = [backoff_ns(n, lambda: 0.0) / SECOND for n in range(12)]
    assert lowest[:5] == [0, 0.125, 0.25, 0.5, 1]
    assert max(lowest) == lowest[-1] == 15
    highest = [backoff_ns(n, lambda: 1 - 1e-9) for n in range(100)]
    assert all(2 * int(low * SECOND) >= high for low, high in zip(lowest, highest, strict=False))
    assert max(highest) <= 30 * SECOND
    assert backoff_ns(3, lambda: 0.1) != backoff_ns(3, lambda: 0.9)


async def test_answers_to_pings_find_a_place_in_the_pace() -> None:
    clock = HurryingClock(20)
    pace = Pace(clock)
    sent: list[int] = []
    for number in range(16):
        await pace.turn()
        sent.append(clock.now_ns())
        if number % 8 == 3:
            # The worst moment: all turns have been taken.
            pace.count()
            sent.append(clock.now_ns())
    windows = zip(sent, sent[5:], strict=False)
    assert all(b - a >= SECOND for a, b in windows)
