"""The coverage gate fails below its limits, and for what was never measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import check_coverage

FULL = dict.fromkeys(check_coverage.LIMITS, "x.py")


def _entry(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    return {
        "summary": {
            "covered_lines": lines[0],
            "num_statements": lines[1],
            "covered_branches": branches[0],
            "num_branches": branches[1],
        },
        "missing_lines": [7] if lines[0] < lines[1] else [],
        "missing_branches": [[3, -1]] if branches[0] < branches[1] else [],
    }


def _report(**changed: dict[str, Any]) -> dict[str, Any]:
    full = _entry((10, 10), (4, 4))
    files = {f"p/src/{name}/x.py": changed.get(name, full) for name in FULL}
    return {"meta": {"branch_coverage": True}, "files": files}


def _failures(report: dict[str, Any]) -> list[str]:
    return check_coverage.judge(report)[1]


def test_full_coverage_passes() -> None:
    lines, failures = check_coverage.judge(_report())
    assert failures == []
    assert len(lines) == 1 + len(FULL)


@pytest.mark.parametrize("package", ["robson_domain", "robson_engine"])
@pytest.mark.parametrize("entry", [_entry((99_999, 100_000), (4, 4)), _entry((10, 10), (3, 4))])
def test_core_must_be_covered_whole(package: str, entry: dict[str, Any]) -> None:
    failures = _failures(_report(**{package: entry}))
    assert failures[0] == f"{package}: below 100 %"
    assert f"{package}/x.py" in failures[1]


@pytest.mark.parametrize("package", ["robson_exec", "robson_store", "robson_connectors"])
def test_shells_may_miss_five_percent(package: str) -> None:
    assert _failures(_report(**{package: _entry((95, 100), (0, 0))})) == []
    assert _failures(_report(**{package: _entry((94, 100), (0, 0))})) != []


def test_programs_may_miss_what_only_runs_in_a_process_of_its_own() -> None:
    assert _failures(_report(robsond=_entry((96, 100), (0, 0)))) == []
    assert _failures(_report(robsond=_entry((95, 100), (0, 0)))) != []


def test_unmeasured_package_fails() -> None:
    report = _report()
    del report["files"]["p/src/robson_exec/x.py"]
    assert _failures(report) == ["robson_exec: not measured"]


def test_adapter_test_kit_is_not_counted() -> None:
    report = _report()
    report["files"]["p/src/robson_domain/testing/kit.py"] = _entry((0, 100), (0, 4))
    assert _failures(report) == []


def test_report_without_branches_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"meta": {"branch_coverage": False}, "files": {}}))
    assert check_coverage.main([str(path)]) == 2


@pytest.mark.parametrize(("lines", "code"), [((10, 10), 0), ((9, 10), 1)])
def test_exit_code_says_it(tmp_path: Path, lines: tuple[int, int], code: int) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(_report(robson_domain=_entry(lines, (4, 4)))))
    assert check_coverage.main([str(path)]) == code


def test_a_figure_that_reads_full_is_full(capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = check_coverage.judge(_report(robson_domain=_entry((99_999, 100_000), (4, 4))))
    assert "99.9 %" in lines[1]
    assert capsys.readouterr().out == ""
