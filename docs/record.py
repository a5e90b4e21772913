"""Record the full run of studies for their pages: `python docs/record.py [STUDY ...]`.

In docs/recorded, each study has a folder with what it printed, its command, the commit and the
date, and pictures in a light and a dark look. A site is built in three minutes, some studies take
longer. No picture shows photos: those of the course may not be distributed.
"""

import argparse
import contextlib
import datetime
import importlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from two_looks import save  # noqa: E402

import minidl  # noqa: E402
from experiments import study  # noqa: E402

RECORDED = ROOT / "docs" / "recorded"
# The pictures of the page of each study; the first one is its thumbnail.
PICTURES = {
    "attention": ["reverse", "accuracy"],
    "cats": ["cost"],
    "convolution": ["accuracy"],
    "digits": ["misclassified", "accuracy"],
    "gradient_checking": ["errors"],
    "initialization": ["boundaries", "cost"],
    "mini_batches": ["cost"],
    "normalization": ["cost"],
    "optimization": ["valley", "cost"],
    "own_image": ["answers"],
    "regularization": ["boundaries", "plane"],
    "sequences": ["adding"],
    "signs": ["cost", "confusion"],
}
ARGUMENTS = {"own_image": [str(RECORDED / "own_image" / "drawn.png")]}


def record(name):
    """Run a study in full; write what it prints and draws."""
    drawn, printed = {}, io.StringIO()

    def keep(out, results, figures):
        drawn.update(figures)

    arguments = ARGUMENTS.get(name, [])
    begin = time.perf_counter()
    with mock.patch.object(study, "write", keep), contextlib.redirect_stdout(printed):
        status = importlib.import_module(f"experiments.{name}").main(arguments)
    if status:
        sys.exit(status)
    seconds = time.perf_counter() - begin
    folder = RECORDED / name
    folder.mkdir(parents=True, exist_ok=True)
    command = " ".join(["$ python -m", f"experiments.{name}", *arguments])
    text = f"{command}\n# {origin(seconds)}\n\n{printed.getvalue().strip()}\n"
    (folder / "output.txt").write_text(without_paths(text), encoding="utf-8")
    for picture in PICTURES[name]:
        save(drawn[f"{picture}.png"](), folder / f"{picture}.png")


def without_paths(text):
    """Return the text with the folder of the data as the one that users have."""
    folder = os.environ.get("MINIDL_DATA")
    return (text.replace(folder, "datasets") if folder else text).replace(f"{ROOT}/", "")


def origin(seconds):
    """Return when, from what and with what a result was computed."""
    commit = git("rev-parse", "--short", "HEAD")
    if git("status", "--porcelain", "minidl", "experiments"):
        commit += ", changed since"
    versions = ", ".join(f"{name} {version}" for name, version in study.versions().items())
    today = datetime.datetime.now(datetime.UTC).date()
    return f"recorded on {today} at commit {commit}; {seconds:.0f} s; {versions}"


def git(*arguments):
    """Return what git prints about the checkout."""
    command = ["git", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    help = "the studies; by default all"
    parser.add_argument("studies", nargs="*", choices=[[], *PICTURES], metavar="STUDY", help=help)
    for name in parser.parse_args().studies or PICTURES:
        print(f"{name}, minidl {minidl.__version__}", file=sys.stderr)
        record(name)
