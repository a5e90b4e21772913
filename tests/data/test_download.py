"""Downloads from a local server that sends wrong content in many ways."""

import contextlib
import gzip
import hashlib
import http.server
import importlib
import io
import logging
import os
import re
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pooch")

from minidl.data import download
from minidl.data.course_images import CATS, SIGNS
from minidl.data.download import fetch
from minidl.data.hdf5_writer import hdf5_bytes
from minidl.errors import ArgumentError, DataError, MissingDependencyError

NAME = "test_signs.h5"
GOOD = hdf5_bytes({"x": np.random.default_rng(0).integers(0, 256, 100_000).astype(np.uint8)})
FILES = replace(SIGNS, sha256={NAME: hashlib.sha256(GOOD).hexdigest()}, bytes={NAME: len(GOOD)})


class Server(http.server.ThreadingHTTPServer):
    """Answers with `behave(handler)`, and counts the requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave = send
        self.requests = []
        self.over = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request, address):
        """Print nothing about clients that hang up."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        self.server.behave(self)

    def log_message(self, *_):
        pass


def send(handler, content=GOOD, *, status=200, length=True, **headers):
    handler.send_response(status)
    announced = (
        {"Content-Length": str(len(content) if length is True else length)} if length else {}
    )
    for name, value in {**announced, **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def server():
    http_server = Server()
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http_server
    http_server.over.set()
    http_server.shutdown()
    http_server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    """Check that no temporary file is left after the test."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    yield
    assert os.listdir(scratch) == []


def refused(server, tmp_path, message, *, kind=DataError, **options):
    """Check that fetching fails with a message that names the address, and writes nothing."""
    with pytest.raises(kind, match=message) as caught:
        fetch(FILES, [server.url], tmp_path / "data", **{"timeout": 10.0, **options})
    assert f"127.0.0.1:{server.server_port}" in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_the_file_is_downloaded(server, tmp_path, capsys):
    assert fetch(FILES, [server.url], tmp_path / "new" / "data") == {
        tmp_path / "new" / "data" / NAME: "fetched"
    }
    assert (tmp_path / "new" / "data" / NAME).read_bytes() == GOOD
    assert os.listdir(tmp_path / "new" / "data") == [NAME]
    (path, headers), *_ = server.requests
    assert (path, headers["Accept-Encoding"]) == (f"/{NAME}", "identity")
    assert capsys.readouterr() == ("", "")


def test_a_correct_existing_file_is_not_fetched_again(server, tmp_path):
    (tmp_path / NAME).write_bytes(GOOD)
    assert fetch(FILES, [server.url], tmp_path) == {tmp_path / NAME: "there already"}
    assert server.requests == []


def test_another_file_of_that_name_is_never_replaced(server, tmp_path):
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(
        DataError, match=rf"{NAME}: must not be replaced, found another file of that name"
    ):
        fetch(FILES, [server.url], tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"mine"
    assert server.requests == []


def test_progress_is_shown_on_stderr(server, tmp_path, capsys):
    fetch(FILES, [server.url], tmp_path, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err


def test_progress_that_nobody_can_see_ends_nothing(server, tmp_path, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    fetch(FILES, [server.url], tmp_path, progress=True)
    assert (tmp_path / NAME).read_bytes() == GOOD


def test_the_log_of_pooch_shows_no_address_and_is_as_before(server, tmp_path, caplog):
    logger = importlib.import_module("pooch").get_logger()
    monitored, level = [], logger.level
    logger.addFilter(lambda record: monitored.append(record) or True)
    logger.setLevel("INFO")
    try:
        fetch(FILES, [server.url], tmp_path)
        assert monitored == []
        assert logger.level == logging.INFO
    finally:
        logger.filters.clear()
        logger.setLevel(level)


def test_a_body_in_chunks_without_a_length_arrives(server, tmp_path):
    def behave(handler):
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(GOOD), 10_000):
            piece = GOOD[start : start + 10_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    server.behave = behave
    assert fetch(FILES, [server.url], tmp_path)[tmp_path / NAME] == "fetched"


def endless(handler):
    send(handler, GOOD, length=None)
    while not handler.server.over.is_set():
        handler.wfile.write(bytes(2**16))


def stalling(handler):
    send(handler, GOOD[:1000], length=len(GOOD))
    handler.server.over.wait()


def dripping(handler):
    send(handler, b"", length=len(GOOD))
    while not handler.server.over.wait(0.01):
        handler.wfile.write(b"x")


@pytest.mark.parametrize(
    ("behave", "message"),
    [
        (
            lambda handler: send(handler, GOOD[:5000], length=None),
            "found it truncated after 5,000: try again",
        ),
        (
            lambda handler: send(handler, GOOD[:5000], length=len(GOOD)),
            "found a failed connection",
        ),
        (lambda handler: send(handler, GOOD + b"x", length=None), "found more"),
        (endless, "found more"),
        (lambda handler: send(handler, GOOD, length=len(GOOD) + 1), r"found '.*' announced"),
        (lambda handler: send(handler, GOOD[:-1]), r"found '.*' announced"),
        (lambda handler: send(handler, GOOD, length="10**9"), r"announced|failed connection"),
        (
            lambda handler: send(handler, b"<!DOCTYPE html><html>"),
            r"found 21 bytes of a web page \(HTML\): download the raw file",
        ),
        (
            lambda handler: send(handler, b"<html>".ljust(len(GOOD))),
            r"bytes of a web page \(HTML\)",
        ),
        (lambda handler: send(handler, b"", length=None), "found it truncated after 0"),
        (
            lambda handler: send(handler, GOOD[:-1] + b"x"),
            "must have the SHA-256 .*, found .*: it is another file",
        ),
        (
            lambda handler: send(handler, gzip.compress(GOOD), Content_Encoding="gzip"),
            "found it encoded as 'gzip'",
        ),
        (lambda handler: send(handler, b"no", status=404), "found the answer 404 'Not Found'"),
        (lambda handler: send(handler, GOOD, status=206), "found the answer 206"),
        (lambda handler: send(handler, b"", status=304), "found the answer 304"),
        (lambda handler: send(handler, b"\x1b[2J", status=500), "found the answer 500"),
        (
            lambda handler: handler.wfile.write(b"nothing like HTTP\r\n\r\n"),
            "found a failed connection",
        ),
        (
            lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
            "found a failed connection",
        ),
    ],
)
def test_any_other_content_never_reaches_the_folder(server, tmp_path, behave, message):
    server.behave = behave
    refused(server, tmp_path, message)


@pytest.mark.parametrize("extreme", [min, max])
def test_neither_a_smaller_nor_a_larger_digest_is_right(server, tmp_path, extreme):
    others = [GOOD[:-1] + bytes([i]) for i in range(256) if i != GOOD[-1]]
    other = extreme(others, key=lambda content: hashlib.sha256(content).hexdigest())
    server.behave = lambda handler: send(handler, other)
    refused(server, tmp_path, "must have the SHA-256 .*, found .*: it is another file")


def test_a_server_that_falls_silent_is_an_error(server, tmp_path):
    server.behave = stalling
    refused(server, tmp_path, "found silence for 0.2 s: try again", timeout=0.2)


def test_a_server_that_never_answers_is_an_error(server, tmp_path):
    server.behave = lambda handler: handler.server.over.wait()
    refused(server, tmp_path, "found silence for 0.2 s", timeout=0.2)


def test_a_server_that_sends_byte_by_byte_is_an_error(server, tmp_path):
    server.behave = dripping
    refused(server, tmp_path, r"found it incomplete after 0\.3 s: try again", total_timeout=0.3)


def drip(start, unit):
    """Send `start`, then `unit` again and again."""

    def behave(handler):
        handler.connection.sendall(start)
        while not handler.server.over.wait(0.005):
            handler.connection.sendall(unit)

    return behave


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        (b"", b"H"),
        (HEAD + b"X: ", b"1"),
        (HEAD, b"X: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED, b"0"),
        (CHUNKED + b"5;", b"a=1;"),
        (CHUNKED + b"%x\r\n%s\r\n" % (len(GOOD), GOOD), b"0"),
        (CHUNKED + b"%x\r\n%s\r\n0\r\n" % (len(GOOD), GOOD), b"X: 1\r\n"),
    ],
    ids=[
        *("status", "header without an end", "headers", "100 Continue", "chunk size"),
        *("chunk extensions", "last chunk", "trailers"),
    ],
)
def test_whatever_is_sent_drop_by_drop_ends_at_the_deadline(server, tmp_path, start, unit):
    server.behave = drip(start, unit)
    # 100 headers are an error of the library: the deadline comes first, at 0.005 s for each.
    refused(server, tmp_path, r"found it incomplete after 0\.2 s: try again", total_timeout=0.2)


def test_all_redirects_share_the_deadline(server, tmp_path):
    def behave(handler):
        handler.server.over.wait(0.08)
        send(handler, b"", status=302, Location="/again")

    server.behave = behave
    refused(server, tmp_path, r"found it incomplete after 0\.2 s", total_timeout=0.2)
    assert len(server.requests) < 6


@contextlib.contextmanager
def raw_server(unit):
    """Take one connection, and send `unit` again and again; yield the port."""
    over = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while not over.wait(0.01):
                connection.sendall(unit)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("unit", [b"", b"\x16"])
def test_a_greeting_of_tls_without_an_end_is_an_error(tmp_path, unit):
    problem = r"found (silence for 0\.\d+ s|it incomplete|a failed connection)"
    with raw_server(unit) as port, pytest.raises(DataError, match=problem):
        fetch(FILES, [f"https://127.0.0.1:{port}/"], tmp_path / "data", total_timeout=0.2)


def test_a_proxy_that_answers_drop_by_drop_ends_at_the_deadline(tmp_path, monkeypatch):
    with raw_server(b"HTTP/1.1 200 OK\r\n") as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(DataError, match=r"found it incomplete after 0\.2 s"):
            fetch(FILES, ["https://192.0.2.1/"], tmp_path / "data", total_timeout=0.2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"\x1b[31mgarbage\r\n\r\n", "a failed connection"),
        (b"HTTP/1.1 \x1b[31m x\r\n\r\n", "a failed connection"),
        (b"HTTP/1.1 500 \x1b[31m\r\n\r\n", "answer 500"),
        (HEAD + b"\x00\x1b[31m\r\n: x\r\n\r\n", "truncated after 0"),
        (HEAD + b"Content-Encoding: \x1b[31m\r\n\r\n", "encoded as"),
        (HEAD + b"Content-Length: \x1b[31m\r\n\r\n", "announced"),
        (HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", "announced"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "announced|failed"),
        (CHUNKED + b"\x1b[31mzz\r\n", "a failed connection"),
        (CHUNKED + b"-5\r\nabc\r\n", "a failed connection"),
        (CHUNKED + b"5\r\nab", "a failed connection"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://ev\x1b[31mil/\r\n\r\n",
            r"must redirect to an address, found 'http://ev\\x1b\[31mil/'",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[/\r\n\r\n", "must redirect to an address"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://\x1b/\r\n\r\n", "must stay on https"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\x1b]0;\x07\r\n\r\n", "must stay on https"),
    ],
)
def test_a_malformed_answer_is_an_error_without_control_characters(
    server, tmp_path, answer, message
):
    server.behave = lambda handler: handler.connection.sendall(answer)
    with pytest.raises(DataError, match=message) as caught:
        fetch(FILES, [server.url], tmp_path / "data", timeout=10.0)
    assert str(caught.value).isprintable()
    assert not (tmp_path / "data").exists()


def test_a_failed_connection_is_an_error(server, tmp_path):
    server.shutdown()
    server.server_close()
    refused(server, tmp_path, r"found a failed connection \(ConnectionError\)")


def redirecting(*targets):
    """Redirect to each target in turn, to the last one again and again."""
    remaining = list(targets)

    def behave(handler):
        target = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        send(handler, b"", status=302, Location=target)

    return behave


def test_a_redirect_on_this_computer_is_followed(server, tmp_path):
    def behave(handler):
        if handler.path == "/there":
            send(handler)
        else:
            send(handler, b"", status=307, Location="/there")

    server.behave = behave
    assert fetch(FILES, [server.url], tmp_path)[tmp_path / NAME] == "fetched"
    assert [path for path, _ in server.requests] == [f"/{NAME}", "/there"]


@pytest.fixture
def connected(monkeypatch):
    """The hosts that are connected to."""
    hosts = []

    def connect(self, address, real=socket.socket.connect):
        hosts.append(address[0])
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    return hosts


@pytest.mark.parametrize(
    "target",
    [
        "http://192.0.2.1/test_signs.h5",
        "http://example.org/",
        "//192.0.2.1/",
        "ftp://192.0.2.1/",
        "file:///etc/passwd",
        "http://127.0.0.1\\@192.0.2.1/",
    ],
)
def test_a_redirect_away_from_https_is_refused_before_anything_is_connected(
    server, tmp_path, connected, target
):
    server.behave = redirecting(target)
    refused(server, tmp_path, "must stay on https, found a redirect to")
    assert connected == ["127.0.0.1"]


def test_redirects_without_an_end_are_refused(server, tmp_path):
    server.behave = redirecting("/again")
    refused(server, tmp_path, "must be reached in 5 redirects, found more")
    assert len(server.requests) == 6


def test_a_redirect_with_an_endless_body_is_not_read(server, tmp_path):
    def behave(handler):
        if handler.path == "/there":
            send(handler)
        else:
            send(handler, b"", status=302, length=None, Location="/there")
            handler.wfile.write(bytes(2**16))
            handler.server.over.wait()

    server.behave = behave
    assert fetch(FILES, [server.url], tmp_path)[tmp_path / NAME] == "fetched"


def test_ctrl_c_leaves_nothing_behind(server, tmp_path, monkeypatch):
    def interrupt(path, head, size):
        raise KeyboardInterrupt

    server.behave = lambda handler: send(handler, GOOD[:-1] + b"x")
    monkeypatch.setattr(download, "check_signature", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(FILES, [server.url], tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_written_is_an_error(server, tmp_path):
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(DataError, match="data: cannot be written"):
        fetch(FILES, [server.url], tmp_path / "data")


def test_an_address_that_is_not_allowed_is_refused_before_anything_is_connected(
    tmp_path, connected
):
    with pytest.raises(
        ArgumentError, match=r"must be https .*got http://example\.org/test_signs\.h5: pass another"
    ):
        fetch(FILES, ["http://example.org/"], tmp_path)
    assert connected == []


def test_without_pooch_the_error_names_the_pip_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "pooch'):
        fetch(FILES, ["https://example.org/"], tmp_path)


def test_every_known_file_has_its_size():
    """The list beside the files was made from them."""
    listed = (Path(__file__).parents[2] / "datasets" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+\.h5)` \| ([\d,]+) \| `(\w+)` \|$", listed, re.MULTILINE)
    assert len(rows) == 3
    sizes = {name: int(size.replace(",", "")) for name, size, _ in rows}
    assert {**CATS.bytes, **SIGNS.bytes} == sizes
    assert {**CATS.sha256, **SIGNS.sha256} == {name: digest for name, _, digest in rows}
