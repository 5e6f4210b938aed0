"""Hold each package to its coverage limit.

Reads the JSON report of coverage (branch measurement on), prints lines and branches per package,
and fails below the limit. Figures are compared as whole numbers, so 99.99 % is not 100 %, and a
package that the report does not mention fails: unmeasured is not covered.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import attrs

LIMITS: Final = {
    "robson_domain": 100,
    "robson_engine": 100,
    "robson_exec": 95,
    "robson_store": 95,
    "robson_connectors": 95,
    "robsond": 96,
}
"""Percent of lines and branches together; limits only go up. Of the programs, what runs in a
process of its own is not measured: that part is tested from outside."""

NOT_COUNTED: Final = ("robson_domain/testing/",)
"""The adapter test kit is test code: it runs its failing branches only against broken adapters."""

_PACKAGE: Final = re.compile(r"(?:^|/)src/((robson_[a-z]+|robsond)/.*)$")


@attrs.frozen(kw_only=True)
class Tally:
    """What was counted in one file or one package."""

    lines: int = 0
    lines_hit: int = 0
    branches: int = 0
    branches_hit: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            lines=self.lines + other.lines,
            lines_hit=self.lines_hit + other.lines_hit,
            branches=self.branches + other.branches,
            branches_hit=self.branches_hit + other.branches_hit,
        )

    def reaches(self, percent: int) -> bool:
        """Return whether at least ``percent`` of lines and branches together were hit."""
        hit = self.lines_hit + self.branches_hit
        return hit * 100 >= percent * (self.lines + self.branches)


def _share(hit: int, count: int) -> str:
    # Rounded down to a tenth: a figure that reads 100.0 is 100.
    tenths = hit * 1000 // count if count else 1000
    return f"{tenths // 10}.{tenths % 10} %"


def _tally(summary: dict[str, int]) -> Tally:
    return Tally(
        lines=summary["num_statements"],
        lines_hit=summary["covered_lines"],
        branches=summary["num_branches"],
        branches_hit=summary["covered_branches"],
    )


def _package_path(name: str) -> str | None:
    found = _PACKAGE.search(name.replace("\\", "/"))
    if found is None or found.group(1).startswith(NOT_COUNTED):
        return None
    return found.group(1)


def judge(report: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the lines to print and the failures.

    Raises:
        KeyError: When the report was made without branch measurement.
    """
    packages: dict[str, Tally] = {}
    gaps: dict[str, list[str]] = {}
    for name, entry in sorted(report["files"].items()):
        path = _package_path(name)
        if path is None:
            continue
        tally = _tally(entry["summary"])
        package = path.split("/")[0]
        packages[package] = packages.get(package, Tally()) + tally
        if not tally.reaches(100):
            missing = ", ".join(str(line) for line in entry["missing_lines"][:12]) or "none"
            partial = ", ".join(f"{a}->{b}" for a, b in entry["missing_branches"][:8]) or "none"
            gaps.setdefault(package, []).append(f"    {path}: lines {missing}; branches {partial}")
    return _verdict(packages, gaps)


def _verdict(packages: dict[str, Tally], gaps: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    lines = [f"{'package':20} {'lines':>9} {'branches':>9} {'limit':>7}"]
    failures: list[str] = []
    for package, limit in LIMITS.items():
        if package not in packages:
            failures.append(f"{package}: not measured")
            continue
        tally = packages[package]
        lines.append(
            f"{package:20} {_share(tally.lines_hit, tally.lines):>9}"
            f" {_share(tally.branches_hit, tally.branches):>9} {limit:>5} %"
        )
        if not tally.reaches(limit):
            failures.append(f"{package}: below {limit} %")
            failures.extend(gaps.get(package, []))
    return lines, failures


def main(arguments: list[str]) -> int:
    """Print the figures of the report named in ``arguments``; 0 when every limit holds."""
    report = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if not report["meta"]["branch_coverage"]:
        print("The report has no branches: run pytest with branch coverage.")
        return 2
    lines, failures = judge(report)
    print("\n".join(lines))
    if failures:
        print("\nCoverage is too low:", *failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
