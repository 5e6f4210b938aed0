"""A real ``robsond run`` in a process of its own, for tests to talk to and to kill."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

START_SECONDS = 30


class Robsond:
    """One daemon on one data directory; start it as often as you like."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.settings = settings
        self.output = ""
        self._process: subprocess.Popen[str] | None = None
        self._client: httpx.Client | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ
        }
        return {
            **kept,
            "ROBSON_DATA_DIR": str(self.folder),
            "ROBSON_HTTP_PORT": "0",
            "ROBSON_LOG_FORMAT": "json",
            **self.settings,
        }

    def spawn(self, command: str = "run", **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "robsond.program", command],
            env={**self.environment, **extra},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, command: str = "run", **extra: str) -> tuple[int, str]:
        """Run a program that ends by itself; return exit code and output."""
        with self.spawn(command, **extra) as process:
            try:
                output, _ = process.communicate(timeout=START_SECONDS)
            finally:
                process.kill()
        return process.returncode, output

    def start(self) -> Self:
        self._process = self.spawn()
        os.set_blocking(self._process.stdout.fileno(), False)  # type: ignore[union-attr]
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None or self._is_ready():
                break
            time.sleep(0.05)
        if self._client is not None:
            return self
        self.kill()
        raise AssertionError(f"ended with {self._process.returncode}: {self.output}")

    def _is_ready(self) -> bool:
        try:
            port = json.loads((self.folder / "daemon.json").read_text())["port"]
            token = self.settings.get("ROBSON_API_TOKEN") or self._token()
        except (OSError, ValueError, KeyError):
            return False
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
            trust_env=False,
        )
        try:
            if client.get("/readyz").status_code == 200:
                self._client = client
                return True
        except httpx.HTTPError:
            pass
        client.close()
        return False

    def _token(self) -> str:
        return (self.folder / "token").read_text().strip()

    def drain(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        self.output += self._process.stdout.read() or ""
        return self.output

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        assert self._client is not None
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def post(self, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> Any:
        assert self._client is not None
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.post(path, json=body or {}, headers=headers)

    def arm(self, **body: Any) -> str:
        answer = self.post("/api/positions", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["position"]["position_id"])

    def position(self, position_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/positions/{position_id}")["position"]
        return found

    def until(self, position_id: str, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        """Return the position once it is in one of these statuses."""
        deadline = time.monotonic() + seconds
        found = self.position(position_id)
        while found["status"] not in statuses and time.monotonic() < deadline:
            time.sleep(0.05)
            found = self.position(position_id)
        if found["status"] in statuses:
            return found
        raise AssertionError(f"still {found['status']}: {found}")

    def until_played(self, seconds: float = 60) -> dict[str, Any]:
        """Return the status once the recording has been played."""
        deadline = time.monotonic() + seconds
        found = self.get("/api/status")
        while found["playback"]["state"] != "finished" and time.monotonic() < deadline:
            time.sleep(0.1)
            found = self.get("/api/status")
        if found["playback"]["state"] == "finished":
            return found
        raise AssertionError(f"still playing: {found}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it in order; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(number)
        if self._client is not None:
            self._client.close()
            self._client = None
        self._process.wait(START_SECONDS)
        if not self._process.stdout.closed:
            self.drain()
            self._process.stdout.close()
        return self._process.returncode

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()


def write_recording(path: Path, *, trades: int = 6_000, seed: int = 1) -> Path:
    """Write a made-up recording of BTCUSDT: a walk of 20 trades a second."""
    dice = random.Random(seed)
    ts, ticks = 1_700_000_000_000_000_000, 6_000_000
    lines = ["ts_ns,price,qty,is_buyer_maker"]
    for _ in range(trades):
        ts += dice.choice((0, 10_000_000, 50_000_000, 100_000_000))
        ticks += dice.randint(-250, 250)
        lines.append(f"{ts},{ticks // 100}.{ticks % 100:02},0.01,0")
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path
