"""The suite itself: it stays on this machine."""

from __future__ import annotations

import socket

import pytest


def test_tests_cannot_reach_the_world() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as outside,
        pytest.raises(PermissionError, match="tests stay on this machine"),
    ):
        outside.connect(("192.0.2.1", 9))


def test_tests_may_talk_to_this_machine() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
