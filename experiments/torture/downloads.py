"""Downloads from a server that answers with malformed bytes, or sends them drop by drop.

Each download must end soon after its deadline, with the right file or with an error of minidl that
has no control character. Answers are right ones in which random bytes were changed, removed or
added; every second one is sent byte by byte from a random place on, without an end.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from minidl import MinidlError
from minidl.data.course_images import SIGNS
from minidl.data.download import fetch

from .report import Result

DEFAULT_COUNT = 400
DEADLINE = 0.25  # seconds
SLACK = 2.0  # seconds, on a machine with other work
NAME = "test_signs.h5"
CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4
FILES = replace(
    SIGNS, sha256={NAME: hashlib.sha256(CONTENT).hexdigest()}, bytes={NAME: len(CONTENT)}
)
OK = b"HTTP/1.1 200 OK\r\n"
PIECE = b"%x;extension=1\r\n%s\r\n"
ANSWERS = {
    "whole": OK + b"Content-Length: %d\r\n\r\n%s" % (len(CONTENT), CONTENT),
    "without length": OK + b"\r\n" + CONTENT,
    "chunks": OK
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"".join(PIECE % (100, CONTENT[i : i + 100]) for i in range(0, 1000, 100))
    + PIECE % (32, CONTENT[1000:])
    + b"0\r\nTrailer: 1\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 3\r\n\r\nabc",
}
SPECIAL = (b"\x1b[31m", b"\0", b"\r\n", b"\n", b" ", b":", b"-", b"9" * 5000, b"[", b"\xff", b"%")
DROPS = (b"0", b"X: 1\r\n", b"\x1b", b"\r\n", b";a=1")


class _Server:
    """Gives each connection the bytes `answer`, then a drop again and again if there is one."""

    def __init__(self) -> None:
        self.answer, self.drop = b"", b""
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.over.is_set():
                connection.close()
                return
            with connection, suppress(OSError):
                connection.recv(2**16)
                connection.sendall(self.answer)
                while self.drop and not self.over.wait(0.005):
                    connection.sendall(self.drop)

    def close(self) -> None:
        """End the thread."""
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.listener.close()


def mutated(answer: bytes, rng: np.random.Generator) -> bytes:
    """Return an answer in which a few bytes were changed, most of them before the content."""
    changed = bytearray(answer)
    for _ in range(rng.integers(0, 4)):
        end = len(changed) if rng.integers(4) == 0 else min(len(changed), 90)
        place = int(rng.integers(end))
        way = rng.integers(3)
        if way == 0:
            changed[place] = rng.integers(256)
        elif way == 1:
            del changed[place : place + int(rng.integers(1, 8))]
        else:
            changed[place:place] = SPECIAL[rng.integers(len(SPECIAL))]
    return bytes(changed)


def run(count: int, seed: int, scratch: Path) -> Result:
    """Download `count` times."""
    counts: Counter[tuple[str, str]] = Counter()
    longest: dict[str, float] = {}
    violations = []
    server = _Server()
    try:
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            name = [*ANSWERS][number % len(ANSWERS)]
            server.answer, server.drop = mutated(ANSWERS[name], rng), b""
            if number % 2:
                server.answer = server.answer[: rng.integers(len(server.answer))]
                server.drop = DROPS[rng.integers(len(DROPS))]
            start = time.perf_counter()
            verdict = _download(server.port, scratch / str(number))
            seconds = time.perf_counter() - start
            counts[name, verdict] += 1
            longest[name] = max(longest.get(name, 0.0), seconds)
            if verdict not in ("fetched", "refused") or seconds > DEADLINE + SLACK:
                violations.append(f"number {number}, {name}: {verdict}, {seconds:.1f} s")
    finally:
        server.close()
    rows: list[list[Any]] = [["answer", "refused", "fetched", "longest s"]]
    for name, seconds in longest.items():
        rows.append([name, counts[name, "refused"], counts[name, "fetched"], round(seconds, 2)])
    n_refused = sum(row[1] for row in rows[1:])
    return Result(rows, {"downloads": count, "refused": n_refused}, violations)


def _download(port: int, folder: Path) -> str:
    url = f"http://127.0.0.1:{port}/{NAME}"
    try:
        fetch(FILES, [url], folder, timeout=10.0, total_timeout=DEADLINE)
    except MinidlError as error:
        return "refused" if str(error).isprintable() else f"unprintable: {error!r}"
    except Exception as error:
        return repr(error)[:200]
    return "fetched" if (folder / NAME).read_bytes() == CONTENT else "another file"
