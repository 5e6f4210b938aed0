"""A loopback stream that speaks as Binance does, for rows C1 and C2; standard library only.

Run as ``python -m benchmarks.stream_server``. The first line it prints is its port; every line it
reads is one order, ``ROLE COUNT RATE``, with the role being the path a client came on. It builds
the frames, prints ``ready``, and sends them when it reads another line: as fast as they are taken
at rate 0, else that many a second, each with the time of its sending (UTC ns) as its trade time.
"""

from __future__ import annotations

import base64
import hashlib
import os
import select
import socket
import time

from benchmarks.walk import walk

BLOCK_BYTES = 65_536
"""Frames handed to the socket in one piece when there is no pace."""
FIRST_ID = 1_000_000_001
PRICES = 100_000
STAMP = b'"T":'
STAMP_DIGITS = 19
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Tape:
    """Trades without end: the calm walk, there and back, under ids that go up by one."""

    def __init__(self) -> None:
        prices, _ = walk(PRICES)
        self._prices = list(prices) + list(reversed(prices))
        self._number = 0

    def frame(self) -> bytes:
        """Return the next trade as a websocket frame."""
        ticks = self._prices[self._number % len(self._prices)]
        number = FIRST_ID + self._number
        self._number += 1
        now = time.time_ns()
        return framed(
            b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":%d,"s":"BTCUSDT","a":%d,'
            b'"p":"%d.%02d000000","q":"0.01250000","f":%d,"l":%d,"T":%d,"m":true,"M":true}}'
            % (now // 10**6, number, *divmod(ticks, 100), number, number, now)
        )

    def quote(self) -> bytes:
        """Return the book's best prices as a frame, close to the next trade."""
        ticks = self._prices[self._number % len(self._prices)]
        bid, ask = divmod(ticks - 1, 100), divmod(ticks + 1, 100)
        return framed(
            b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"%d.%02d000000",'
            b'"B":"5.00000000","a":"%d.%02d000000","A":"5.00000000"}}'
            % (FIRST_ID + self._number, *bid, *ask)
        )


def framed(message: bytes) -> bytes:
    """Return ``message`` as a whole text frame of a server."""
    size = len(message)
    head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2)
    return head + message


def shake_hands(client: socket.socket) -> str:
    """Answer a websocket handshake and return the role: the path without its query."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4_096)
    lines = head.split(b"\r\n")
    key = next(line[18:].strip() for line in lines if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return lines[0].split()[1].decode().lstrip("/").partition("?")[0]


def blast(client: socket.socket, frames: list[bytes]) -> None:
    """Send everything as fast as it is taken."""
    block: list[bytes] = []
    size = 0
    for frame in frames:
        block.append(frame)
        size += len(frame)
        if size >= BLOCK_BYTES:
            client.sendall(b"".join(block))
            block, size = [], 0
    client.sendall(b"".join(block))


def pace(client: socket.socket, frames: list[bytes], rate: int) -> None:
    """Send one frame at a time, ``rate`` a second, each stamped right before it is sent."""
    stamped = [(bytearray(frame), frame.rfind(STAMP) + len(STAMP)) for frame in frames]
    due, apart = time.perf_counter(), 1 / rate
    for frame, at in stamped:
        due += apart
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        frame[at : at + STAMP_DIGITS] = b"%d" % time.time_ns()
        client.sendall(frame)


class Orders:
    """Lines of the standard input, beside which clients may come."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.clients: dict[str, socket.socket] = {}
        self._read = b""

    def line(self) -> str | None:
        """Return the next line, None at the end; let clients in meanwhile."""
        while b"\n" not in self._read:
            here = self.listener.fileno()
            readable, _, _ = select.select([here, 0], [], [])
            if here in readable:
                client, _ = self.listener.accept()
                self.clients[shake_hands(client)] = client
                continue
            got = os.read(0, 4_096)
            if not got:
                return None
            self._read += got
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()


def main() -> None:
    """Serve until the standard input ends."""
    orders = Orders()
    tapes: dict[str, Tape] = {}
    print(orders.listener.getsockname()[1], flush=True)
    while (line := orders.line()) is not None:
        role, count, rate = line.split()
        tape = tapes.setdefault(role, Tape())
        frames = [tape.frame() for _ in range(int(count))]
        print("ready", flush=True)
        if orders.line() is None:
            return
        client = orders.clients[role]
        client.sendall(tape.quote())
        if int(rate):
            pace(client, frames, int(rate))
        else:
            blast(client, frames)


if __name__ == "__main__":
    main()
