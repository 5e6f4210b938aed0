"""An hour of market misses no stop, and the machine does not grow; see ``long_replay``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_an_hour_misses_no_stop_and_does_not_grow() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.long_replay", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["found"] == seen["wanted"]
    assert len(seen["wanted"]) > 10
    assert seen["in_gaps"] > 2
    assert seen["cuts"] > seen["in_gaps"]
    assert seen["percent_an_hour"] < 2, seen["samples_mb"]
