"""`minidl completion`, and the script in a real shell."""

import shutil
import subprocess
import sys

import pytest

from minidl.cli import main

ASK = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$(($# - 2))
_shtab_minidl
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """Return a function that makes the script of a shell."""
    pytest.importorskip("shtab")

    def make(shell):
        program = (
            f"import sys; from minidl.cli import main; sys.exit(main(['completion', '{shell}']))"
        )
        path = tmp_path_factory.mktemp(shell) / "script"
        with path.open("w") as file:
            subprocess.run([sys.executable, "-c", program], stdout=file, check=True, timeout=60)
        return path

    return make


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_choices_datasets_and_files(script, tmp_path):
    path = script("bash")
    (tmp_path / "flowers.csv").touch()

    def completed(*words):
        command = ["bash", "-c", ASK, "ask", str(path), "minidl", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    assert completed("tr") == ["train"]
    assert completed("train", "moons", "--learn") == ["--learning-rate"]
    assert completed("train", "moons", "--optimizer", "ad") == ["adam", "adamw"]
    assert completed("train", "fl") == ["flower", "flowers.csv"]
    assert completed("train", "--config", "fl") == ["flowers.csv"]
    assert completed("data", "ver") == ["verify"]


def test_zsh_has_a_script(capsys):
    pytest.importorskip("shtab")
    assert main(["completion", "zsh"]) == 0
    out = capsys.readouterr().out
    assert "--learning-rate" in out
    assert "moons" in out


def test_without_shtab_the_pip_line_is_told(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minidl completion: minidl completion needs shtab")
    assert "pip install" in err
