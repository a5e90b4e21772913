"""`minidl play`."""

import json
import socket
import sys
import threading
import webbrowser

import pytest

from minidl.cli import main

server = pytest.importorskip("minidl.play.server", reason="needs Bokeh", exc_type=ImportError)

CSV = "p,q,r,kind\n" + "".join(f"{k},{k % 3},{-k},{'ab'[k % 2]}\n" for k in range(20))


@pytest.fixture
def served(monkeypatch):
    """Stand for the server, and return what it was asked for."""
    seen = {}

    class Served:
        url = "http://127.0.0.1:1234/0123/"

        def __init__(self, sets, port):
            seen.update(sets=sets, port=port)

        def run(self):
            for thread in threading.enumerate():
                if thread.name == "minidl play: browser":
                    thread.join()

    monkeypatch.setattr(server, "PlayServer", Served)
    monkeypatch.setattr(webbrowser, "open", lambda url: seen.update(opened=url) or True)
    return seen


def test_it_prints_the_address_and_opens_it(served, capsys):
    assert main(["play"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "the page is http://127.0.0.1:1234/0123/",
        "press Ctrl-C to end it",
        "ended",
    ]
    assert err == ""
    assert served["opened"] == "http://127.0.0.1:1234/0123/"
    assert next(iter(served["sets"])) == "moons"
    assert served["port"] == 0


def test_without_a_browser_it_says_so(served, capsys, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert main(["play"]) == 0
    assert "no browser was found" in capsys.readouterr().out


def test_json_is_the_address(served, capsys):
    assert main(["play", "flower", "--no-browser", "--port", "8000", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["url"] == "http://127.0.0.1:1234/0123/"
    assert "opened" not in served
    assert [*served["sets"]][:2] == ["flower", "moons"]
    assert served["port"] == 8000


def test_a_file_comes_first(served, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(CSV)
    assert main(["play", str(path), "--no-browser"]) == 0
    points = served["sets"][str(path)]()
    assert points.classes == ("a", "b")
    assert points.features == ("p", "q", "r")
    assert points.train[0].shape[1] == 3
    assert abs(points.train[0].mean()) < 1e-9


def test_columns_without_names_are_numbered(served, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(CSV.partition("\n")[2])
    assert main(["play", str(path), "--no-browser"]) == 0
    assert served["sets"][str(path)]().features == ("column 1", "column 2", "column 3")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("1,a\n" * 3 + "2,b\n" * 3, "must have at least two columns of numbers"),
        ("1,x,a\n" * 9, "must have 2 finite numbers"),
        (None, "file not found"),
    ],
)
def test_files_that_cannot_be_drawn_are_refused_before_the_page(
    served, tmp_path, capsys, content, words
):
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_text(content)
    assert main(["play", str(path)]) == 1
    assert words in capsys.readouterr().err
    assert served == {}


@pytest.mark.parametrize("words", [["cats"], ["--port", "65536"], ["--port", "x"]])
def test_wrong_words_are_refused(served, capsys, words):
    with pytest.raises(SystemExit) as end:
        main(["play", *words])
    assert end.value.code == 2
    assert "must be" in capsys.readouterr().err


def test_a_name_that_is_nearly_right_is_suggested(served, capsys):
    with pytest.raises(SystemExit):
        main(["play", "moon"])
    assert "did you mean moons?" in capsys.readouterr().err


def test_without_bokeh_the_error_names_the_extra(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "minidl.play.server")
    monkeypatch.setitem(sys.modules, "bokeh.application", None)
    assert main(["play"]) == 1
    assert "play" in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["play", "--no-browser", "--port", str(port)]) == 1
    assert f"--port must be one that is free, got {port}" in capsys.readouterr().err
