"""The one place that touches the machine: clock, chance, files, process.

Everything else asks through ports, so that the whole daemon can run under a virtual clock and
seeded ids, and a run can be repeated byte for byte.
"""

from robsond.system.clock import RealClock
from robsond.system.files import (
    ensure_private_dir,
    exists,
    is_private,
    read_bytes,
    read_secret,
    read_text,
    remove,
    write_private,
)
from robsond.system.ids import RandomIds, SeededIds, new_token
from robsond.system.process import InstanceLock, harden, process_id, spawn
from robsond.system.recordings import is_parquet, read_lines

__all__ = [
    "InstanceLock",
    "RandomIds",
    "RealClock",
    "SeededIds",
    "ensure_private_dir",
    "exists",
    "harden",
    "is_parquet",
    "is_private",
    "new_token",
    "process_id",
    "read_bytes",
    "read_lines",
    "read_secret",
    "read_text",
    "remove",
    "spawn",
    "write_private",
]
