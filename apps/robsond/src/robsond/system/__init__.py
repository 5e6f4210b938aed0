"""The one place that touches the machine: clock, chance, files, process.

Everything else asks through ports, so that the whole daemon can run under a virtual clock and
seeded ids, and a run can be repeated byte for byte.
"""

from robsond.system.clock import RealClock
from robsond.system.files import (
    ensure_private_dir,
    exists,
    is_folder,
    is_private,
    read_bytes,
    read_secret,
    read_text,
    remove,
    require_usable_dir,
    write_private,
)
from robsond.system.ids import RandomIds, SeededIds, jitter, new_token
from robsond.system.lines import LineFile
from robsond.system.process import InstanceLock, drop_output, harden, process_id, spawn
from robsond.system.recordings import is_parquet, read_lines

__all__ = [
    "InstanceLock",
    "LineFile",
    "RandomIds",
    "RealClock",
    "SeededIds",
    "drop_output",
    "ensure_private_dir",
    "exists",
    "harden",
    "is_folder",
    "is_parquet",
    "is_private",
    "jitter",
    "new_token",
    "process_id",
    "read_bytes",
    "read_lines",
    "read_secret",
    "read_text",
    "remove",
    "require_usable_dir",
    "spawn",
    "write_private",
]
