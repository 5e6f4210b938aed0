"""One request: what is known when it fails, where it may go, and what nobody gets to see."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import traceback
from collections.abc import AsyncIterator

import pytest

from robson_connectors.transport import http
from robson_connectors.transport.http import HttpAnswer, HttpClient, Outgoing, Timeouts
from robson_domain.errors import ConfigurationError, InDoubtError, RetryableVenueError
from tests.connectors.binance.rest.kit import Reply, Server

QUERY = "/x?signature=canarySIGNATURE"
HEADERS = {"X-MBX-APIKEY": "canaryKEY"}


@pytest.fixture
async def client(server: Server) -> AsyncIterator[HttpClient]:
    made = HttpClient([server.url], Timeouts(connect_s=1.0, total_s=1.0))
    yield made
    await made.close()


def get(server: Server) -> Outgoing:
    return Outgoing(method="GET", url=server.url + QUERY, headers=HEADERS)


async def test_an_answer_is_told_as_it_came(server: Server, client: HttpClient) -> None:
    server.script(
        "GET", "/x", Reply(status=418, body=b"<html>", headers={"X-Used": "1", "retry-AFTER": "7"})
    )
    answer = await client.send(get(server))
    assert (answer.status, answer.body) == (418, b"<html>")
    assert answer.headers["x-used"] == "1"
    assert answer.headers["retry-after"] == "7"


async def test_the_bytes_of_the_address_are_sent_as_they_are(
    server: Server, client: HttpClient
) -> None:
    server.script("GET", "/x", Reply())
    target = "/x?a=%2C%EF%BC%91~-_.&b=%20%3A&signature=ab"
    await client.send(Outgoing(method="GET", url=server.url + target))
    assert server.seen[-1].target == target


@pytest.mark.parametrize("query", ["a b", "ü", "a\tb", '"x"'])
async def test_an_address_that_would_be_rewritten_is_not_sent(
    server: Server, client: HttpClient, query: str
) -> None:
    with pytest.raises(RetryableVenueError):
        await client.send(Outgoing(method="GET", url=f"{server.url}/x?q={query}"))
    assert server.seen == []


async def test_redirects_are_not_followed(server: Server, client: HttpClient) -> None:
    server.script("GET", "/x", Reply(status=302, headers={"Location": server.url + "/y"}))
    assert (await client.send(get(server))).status == 302
    assert len(server.seen) == 1


async def test_no_cookie_is_kept(server: Server, client: HttpClient) -> None:
    server.script("GET", "/x", Reply(headers={"Set-Cookie": "a=b; Path=/"}))
    await client.send(get(server))
    await client.send(get(server))
    assert "cookie" not in server.seen[-1].headers


async def test_compressed_answers_are_read(server: Server, client: HttpClient) -> None:
    body = gzip.compress(b'{"a":1}')
    server.script("GET", "/x", Reply(body=body, headers={"Content-Encoding": "gzip"}))
    assert (await client.send(get(server))).body == b'{"a":1}'


# ------------------------------------------------------------- what is known when it fails


async def test_no_listener_means_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        client = HttpClient([url])
        with pytest.raises(RetryableVenueError) as caught:
            await client.send(Outgoing(method="GET", url=url + QUERY))
    assert caught.value.code == "NOT_SENT"
    await client.close()


async def test_a_connection_that_cannot_be_made_in_time_sent_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        # The backlog is taken by connections that nobody accepts; the next one hangs.
        taken = [socket.socket() for _ in range(4)]
        for each in taken:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        client = HttpClient([url], Timeouts(connect_s=0.2, total_s=5.0))
        with pytest.raises(RetryableVenueError):
            await client.send(Outgoing(method="POST", url=url + QUERY))
        for each in taken:
            each.close()
    await client.close()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(cut=True),
        Reply(hang=True),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"),
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["cut", "hang", "half", "nonsense", "broken"],
)
async def test_what_was_sent_may_have_arrived(
    server: Server, client: HttpClient, reply: Reply
) -> None:
    server.script("GET", "/x", reply)
    with pytest.raises(InDoubtError) as caught:
        await client.send(get(server))
    assert caught.value.code == "NO_ANSWER"
    assert len(server.seen) == 1


async def test_an_answer_that_trickles_ends_at_the_deadline(server: Server) -> None:
    server.script("GET", "/x", Reply(hang=True))
    client = HttpClient([server.url])
    with pytest.raises(InDoubtError):
        await client.send(get(server), total_s=0.1)
    await client.close()


async def test_a_connection_the_venue_closed_between_requests_is_replaced(
    server: Server, client: HttpClient
) -> None:
    closing = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    server.script("GET", "/x", Reply(raw=closing), Reply())
    await client.send(get(server))
    await asyncio.sleep(0.05)
    assert (await client.send(get(server))).status == 200
    assert len(server.seen) == 2


async def test_an_answer_without_end_is_cut_off(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_BYTES_MAX", 10)
    server.script("GET", "/x", Reply(body=b"x" * 11))
    with pytest.raises(InDoubtError):
        await client.send(get(server))


async def test_closed_means_nothing_is_sent(server: Server, client: HttpClient) -> None:
    await client.close()
    await client.close()
    with pytest.raises(RetryableVenueError) as caught:
        await client.send(get(server))
    assert caught.value.code == "CLOSED"


async def test_a_canceled_caller_is_canceled(server: Server, client: HttpClient) -> None:
    server.script("GET", "/x", Reply(hang=True))
    sending = asyncio.ensure_future(client.send(get(server)))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


# --------------------------------------------------------------------- where it may go


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com", "ftp://127.0.0.1", "https://", "127.0.0.1:80",
        "https://me:pw@example.com", "http://10.0.0.1",
    ],
)  # fmt: skip
def test_strange_origins_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        HttpClient([url])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_this_machine_needs_no_encryption(host: str) -> None:
    HttpClient([f"http://{host}:1"])


async def test_only_listed_origins_are_asked(server: Server, client: HttpClient) -> None:
    async with Server() as other:
        other.script("GET", "/x", Reply())
        with pytest.raises(ConfigurationError):
            await client.send(Outgoing(method="GET", url=other.url + "/x"))
        assert other.seen == []


async def test_the_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        server.script("GET", "/x", Reply())
        client = HttpClient([server.url])
        await client.send(get(server))
        await client.close()
        assert (len(server.seen), proxy.seen) == (1, [])


async def test_a_proxy_that_was_asked_for_is_used(server: Server) -> None:
    async with Server() as proxy:
        client = HttpClient([server.url], proxy=proxy.url)
        await client.send(get(server))
        await client.close()
        assert (server.seen, len(proxy.seen)) == ([], 1)


async def test_https_is_checked_against_the_machines_authorities(server: Server) -> None:
    client = HttpClient([server.url.replace("http:", "https:")])
    with pytest.raises(RetryableVenueError):
        await client.send(Outgoing(method="GET", url=server.url.replace("http:", "https:") + QUERY))
    await client.close()


# ------------------------------------------------------------------- what nobody gets to see


async def test_nothing_secret_is_in_errors_logs_or_reprs(
    server: Server, client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    http.silence()
    server.script("GET", "/x", Reply(), Reply(cut=True))
    answer = await client.send(get(server))
    with pytest.raises(InDoubtError) as caught:
        await client.send(get(server))
    error = caught.value
    shown = [repr(answer), repr(get(server)), repr(client), repr(error), str(error)]
    shown += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    shown += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    assert (error.__cause__, error.__context__) == (None, None)
    assert "canary" not in "".join(text for text in shown if "tests/" not in text)
    assert isinstance(answer, HttpAnswer)
