"""`python -m minidl`, run as a user runs it: exit status, streams, Ctrl-C."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from child_processes import running

import minidl
from minidl.cli import main, make_parser

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-W", "error", "-m", "minidl"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MINIDL_DATA"} | {
    "PYTHONPATH": str(ROOT)
}


def run(*arguments, cwd=None):
    words = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(
        words,
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def failing(capsys, *arguments):
    """Return the line on stderr of a command line that is not understood."""
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return err


def test_training_prints_lines_without_a_terminal_and_leaves_no_file(tmp_path):
    done = run("train", "moons", "--epochs", 3, cwd=tmp_path)
    assert done.returncode == 0
    assert [line[:9] for line in done.stderr.split("\n")] == [
        "epoch 1/3",
        "epoch 2/3",
        "epoch 3/3",
        "",
    ]
    assert "accuracy" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_json_is_all_that_stdout_has(tmp_path):
    done = run("train", "moons", "--epochs", 3, "--json", "--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["set"] == "moons"


def test_an_error_is_one_line_and_status_1(tmp_path):
    done = run("train", "cats", "--data", tmp_path / "nowhere", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("minidl train: ")
    assert "train_catvnoncat.h5" in done.stderr


def test_debug_shows_the_traceback(tmp_path):
    done = run("train", "cats", "--data", tmp_path / "nowhere", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "MissingDataError" in done.stderr


def test_a_mistake_in_the_command_is_one_line_and_status_2():
    done = run("train", "moons", "--epochs", 0)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "minidl train: argument --epochs: must be an integer >= 1, got '0' "
        "(see minidl train --help)\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
@pytest.mark.parametrize("json_wanted", [False, True])
def test_ctrl_c_ends_with_status_130_and_the_results_of_the_best_epoch(tmp_path, json_wanted):
    out_folder = tmp_path / "out"
    words = [
        *PROGRAM,
        "train",
        "moons",
        "--epochs",
        "1000000",
        "--out",
        str(out_folder),
        *(["--json"] if json_wanted else []),
    ]
    with running(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while (
            not out_folder.exists() and process.poll() is None
        ):  # it is made right before the training
            time.sleep(0.05)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "minidl train: interrupted"
    assert len(err.splitlines()) == (1 if json_wanted else 2)
    results = json.loads((out_folder / "results.json").read_text())
    assert results["interrupted"]
    assert results["epochs"] == len(results["loss"]) < 1_000_000
    assert results["loss"][results["epoch"] - 1] == min(results["loss"])
    assert results["train"]["accuracy"] > 0.8
    assert json.loads(out) == results if json_wanted else "the best" in out


FULL = (
    "minidl: stdout: all results must be written, got [Errno 28] No space left on device: "
    "choose a file with enough free space\n"
)


@pytest.mark.skipif(os.name == "nt", reason="pipes and descriptors differ")
@pytest.mark.parametrize(
    ("words", "status", "stderr"),
    [
        ("train moons --epochs 2 --out {out} | (exit 0)", 1, ""),
        ("train moons --epochs 2 --out {out} > /dev/full", 1, FULL),
        ("--help > /dev/full", 1, FULL),
        ("train moons --epochs 2 >&-", 0, ""),
        ("train moons --epochs 2 2>&-", 0, ""),
        ("train no.csv >&- 2> /dev/full", 1, ""),
        ("train no.csv 2>&-", 1, ""),
    ],
)
def test_streams_that_take_nothing_end_nothing(tmp_path, words, status, stderr):
    """Results are written in any case; what Python writes at its end must not fail either."""
    out = tmp_path / "out"
    program = f"'{sys.executable}' -m minidl {words.format(out=out)}"
    program, pipe, reader = program.partition(" | ")
    script = f"{{ {program}; echo $? > '{tmp_path}/status'; }}{pipe}{reader}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (tmp_path / "status").read_text() == f"{status}\n", done.stderr
    lines = done.stderr.splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("epoch ")) == stderr
    assert "file not found" not in done.stdout
    if "{out}" in words:
        assert json.loads((out / "results.json").read_text())["epochs"] == 2


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"minidl {minidl.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [(), ("train",), ("check",), ("data",), ("data", "list"), ("data", "verify"), ("data", "make")],
)
def test_help_is_there(capsys, words):
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: minidl {' '.join(words)}".rstrip())
    if len(words) < 2:
        assert f"  minidl {' '.join(words)}" in out, "examples"
    if not words:
        assert re.search(
            r"^    train +train a network on a dataset and report its accuracy$", out, re.MULTILINE
        )


@pytest.mark.parametrize("words", [[], ["data"]])
def test_a_command_alone_prints_its_help(capsys, words):
    """Status 0: nothing has failed."""
    assert main(words) == 0
    out, err = capsys.readouterr()
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    assert (out, err) == capsys.readouterr()
    commands = ["train moons", "predict results/moons", "check moons"]
    for command in commands if not words else ["data list"]:
        assert f"\n  minidl {command}" in out


def parsers(parser, path=()):
    """Yield all parsers of commands, with what is typed before their options."""
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from parsers(child, (*path, name))


def test_the_help_of_each_option_tells_its_default():
    for path, parser in parsers(make_parser()):
        for action in parser._actions:
            if action.option_strings and action.nargs != 0 and not action.required:
                assert "(default: " in action.help, (path, action.option_strings)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["learn"], "invalid choice: 'learn'"),
        (["trian"], "invalid choice: 'trian' "),
        (["trian"], ": did you mean train? (see minidl --help)"),
        (["data", "lst"], ": did you mean list? (see minidl data --help)"),
        (["train"], "minidl train: the following arguments are required: DATASET"),
        (["train", "mons"], "got 'mons': did you mean moons?"),
        (
            ["train", "dogs"],
            "must be one of moons, circles, blobs, flower, cats, signs, or the path of a .csv file",
        ),
        (["train", "moons", "--layers", "5,0"], "must be integers >= 1 separated by commas"),
        (["train", "moons", "--optimizer", "sgd"], "invalid choice: 'sgd'"),
        (["train", "moons", "--learning-rate", "nan"], "must be a number > 0, got 'nan'"),
        (["train", "moons", "--keep-prob", "1.5"], "must be a number in (0, 1], got '1.5'"),
        (["train", "moons", "--l2", "-1"], "must be a number >= 0"),
        (["train", "moons", "--seed", "-1"], "must be an integer from 0 to 2**32 - 1"),
        (["train", "moons", "--points", "5"], "must be an integer from 10 to 1000000"),
        (["train", "moons", "--data", "x"], "--data is only for cats, signs, got it with moons"),
        (
            ["check", "cats", "--noise", "1"],
            "--noise is only for moons, circles, blobs, flower, got it with cats",
        ),
        (["train", "moons", "--optimizer", "adan"], ": did you mean adam?"),
        (["train", "moons", "--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (
            ["train", "--epoch", "3", "moons"],
            "minidl train: unrecognized arguments: --epoch 3: did you mean --epochs? "
            "(see minidl train --help)",
        ),
        (["train", "--optimiser=adam", "moons"], "--optimiser=adam: did you mean --optimizer?"),
        (["--versoin"], "unrecognized arguments: --versoin"),
    ],
)
def test_an_invalid_command_line_is_one_line(capsys, words, rule):
    assert rule in failing(capsys, *words)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "moons", "--\x1b]0;X\x07\u202e"],
        ["train", "\x1b]0;X\x07\u202e.csv", "--points", "20"],
        ["\x1b]0;X\x07\u202e"],
    ],
)
def test_a_word_that_is_not_understood_is_escaped(capsys, words):
    line = failing(capsys, *words).removesuffix("\n")
    assert line.isprintable()
    assert r"\x1b]0;X\x07\u202e" in line


def test_an_unexpected_error_is_one_line_too(capsys, monkeypatch):
    def broken(options):
        raise ZeroDivisionError("of two\nlines")

    monkeypatch.setattr("minidl.cli.check.load_dataset", broken)
    assert main(["check", "moons"]) == 1
    assert (
        capsys.readouterr().err
        == "minidl check: unexpected ZeroDivisionError: of two lines (--debug shows where)\n"
    )
    assert main(["check", "moons", "--debug"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith("ZeroDivisionError: of two\nlines\n")


def test_ctrl_c_before_anything_is_one_line(capsys, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("minidl.cli.train.load_dataset", interrupted)
    assert main(["train", "moons"]) == 130
    assert capsys.readouterr().err == "minidl train: interrupted\n"
