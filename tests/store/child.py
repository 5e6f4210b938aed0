"""The process that is killed: it submits batches in a loop and says what was acknowledged.

Run as a script. Arguments: the URL of the store, the path of the exported head, a seed. Each line
it prints is the sequence that ``submit`` returned; a line is printed only after that.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

import attrs

import robson_store
from robson_domain import Batch, PositionStatus
from robson_domain.testing import store_samples as samples
from tests.store.harnesses import Numbered


def batch_after(sequence: int, count: int) -> Batch:
    """Return a batch whose parts all name the sequence it ends at."""
    end = sequence + count
    position = samples.a_position_in(1, PositionStatus.ACTIVE)
    return Batch(
        intents=(samples.an_intent_of(end),),
        events=samples.a_log(sequence + 1, count),
        states=(attrs.evolve(position, sequence=end), samples.a_snapshot_at(end)),
    )


async def main(url: str, head_path: str, seed: str) -> None:
    chance = random.Random(int(seed))
    store = await robson_store.open(url, ids=Numbered(), head_path=head_path)
    sequence = (await store.head()).sequence
    while True:
        durable = await store.submit(batch_after(sequence, chance.choice((1, 3, 20, 80))))
        sequence = durable.head.sequence
        os.write(1, b"%d\n" % sequence)
        if chance.random() < 0.1:
            await store.idle()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
