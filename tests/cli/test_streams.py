"""The standard streams of a command."""

import io
import os
import subprocess
import sys
import warnings

import pytest

from minidl.cli.streams import complain, show, standard_streams

NAME = "\x1b]0;X\x07\n"
SHOWN = r"\x1b]0;X\x07\n"


def test_lines_are_escaped(capsys):
    show(f"source {NAME}", "größe")
    complain("train", NAME)
    assert capsys.readouterr() == (f"source {SHOWN}\ngröße\n", f"minidl train: {SHOWN}\n")


def test_the_streams_and_warnings_of_a_host_come_back():
    def fail():
        with standard_streams():
            assert sys.stdout is not before[0]
            raise KeyError

    before = sys.stdout, sys.stderr, warnings.formatwarning
    with pytest.raises(KeyError):
        fail()
    assert (sys.stdout, sys.stderr, warnings.formatwarning) == before


def test_a_warning_is_one_line_without_control_characters():
    with standard_streams():
        line = warnings.formatwarning(f"a glyph of {NAME} is missing", UserWarning, "axis.py", 3)
    assert line == f"minidl: UserWarning: a glyph of {SHOWN} is missing\n"


@pytest.mark.parametrize(
    ("error", "status", "expected", "message"),
    [
        (None, 0, 0, ""),
        (None, 3, 3, ""),
        (BrokenPipeError(32, "Broken pipe"), 0, 1, ""),
        (OSError(28, "No space left"), 0, 1, "all results must be written, got [Errno 28] No"),
        (OSError(28, "No space left"), 130, 130, "all results must be written"),
    ],
)
def test_the_status_says_whether_all_was_written(capsys, error, status, expected, message):
    with standard_streams() as streams:
        streams.out.error = error
        assert streams.final_status(status) == expected
    err = capsys.readouterr().err
    assert message in err
    assert bool(message) == bool(err)


def test_nothing_is_shown_where_there_are_no_streams(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with standard_streams() as streams:
        show("a")
        complain("train", "b")
        assert streams.final_status(0) == 0
    assert sys.stdout is None


def test_an_encoding_without_a_character_is_no_error(monkeypatch):
    memory = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(memory, "ascii"))
    with standard_streams():
        show("größe")
    assert memory.getvalue() == b"gr\\xf6\\xdfe\n"


@pytest.mark.skipif(os.name == "nt", reason="descriptors differ")
def test_no_file_becomes_the_stderr_of_a_process_without_one(tmp_path):
    code = (
        "import os, sys; from minidl.cli.streams import standard_streams\n"
        "with standard_streams(): pass\n"
        "opened = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
        "os.write(2, b'noise')\n"
        "sys.exit(opened)"
    )
    made = tmp_path / "model.h5"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" "$2" 2>&-', sys.executable, code, made], timeout=60
    )
    assert done.returncode > 2
    assert made.read_bytes() == b""


def test_what_is_printed_is_written_when_the_block_ends(monkeypatch):
    memories = {name: io.BytesIO() for name in ("stdout", "stderr")}
    streams = {name: io.TextIOWrapper(memory, "ascii") for name, memory in memories.items()}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    with standard_streams() as (out, error):
        print("result", file=out)
        print("problem", file=error)
    assert [memory.getvalue() for memory in memories.values()] == [b"result\n", b"problem\n"]


def test_a_full_disk_is_told_at_once(monkeypatch):
    memory = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(memory, "ascii"))
    with standard_streams() as streams:
        streams.out.error = OSError(28, "No space left")
        streams.final_status(0)
        assert b"got [Errno 28] No space left: choose" in memory.getvalue()
