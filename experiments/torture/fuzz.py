"""Coverage-guided fuzzing of the reader and of the loader of models, with atheris: `pip install atheris` (Python 3.11 to 3.13).

Each target runs in a process of its own for half of the time. An input that ends in anything but a model, arrays or minidl's own error
is a finding; atheris prints it, and its bytes are kept beside the JSON.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from .report import Result

USUAL = 120  # seconds
TARGETS = ("reader", "loader")
MEMORY = 2_048  # MB
_SLOWEST = 10  # seconds of one input


def run(count: int, seed: int, scratch: Path) -> Result:
    """Fuzz for `count` seconds in all."""
    if importlib.util.find_spec("atheris") is None:
        return Result(
            [["fuzz", "atheris is not installed: pip install atheris"]], {"installed": False}
        )
    rows: list[list[Any]] = [
        ["target", "seconds", "executions", "new coverage inputs", "peak MB", "findings"]
    ]
    numbers: dict[str, Any] = {"installed": True}
    violations: list[str] = []
    for target in TARGETS:
        folder = scratch / target
        folder.mkdir()
        seconds = max(1, count // len(TARGETS))
        limits = [
            f"-max_total_time={seconds}",
            f"-seed={seed + 1}",
            f"-rss_limit_mb={MEMORY}",
            f"-timeout={_SLOWEST}",
            "-max_len=65536",
        ]
        words = [
            sys.executable,
            "-m",
            "experiments.torture.fuzz",
            target,
            *limits,
            "-print_final_stats=1",
            f"-artifact_prefix={folder}/found-",
        ]
        done = subprocess.run(
            words,
            env=os.environ | {"MINIDL_FUZZ": str(folder)},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        stats = {
            name: int(number) for name, number in re.findall(r"stat::(\w+):\s+(\d+)", done.stderr)
        }
        found = sorted(path.name for path in folder.glob("found-*"))
        told = [
            stats.get(name, 0)
            for name in ("number_of_executed_units", "new_units_added", "peak_rss_mb")
        ]
        rows.append([target, seconds, *told, len(found)])
        numbers[target] = {"seconds": seconds, **stats, "findings": found}
        if found or done.returncode:
            violations.append(f"{target}: status {done.returncode}, {found}: {done.stderr[-2000:]}")
    return Result(rows, numbers, violations)


def _main() -> None:
    """Be the process that fuzzes one target."""
    import atheris  # type: ignore[import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["minidl", "json"]):
        from minidl import MinidlError, Sequential
        from minidl.data import read_hdf5
        from minidl.data.course_images import image_schema

    import numpy as np

    from . import forgery, mutate, mutations

    folder = Path(os.environ["MINIDL_FUZZ"])
    path = folder / "input.h5"
    target = sys.argv.pop(1)
    kinds = mutate.kinds()
    seeds = (
        [kinds["data"].original, kinds["data, compressed"].original]
        if target == "reader"
        else [kinds["model"].original]
    )
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(seeds):
        (corpus / f"{number}").write_bytes(content)

    def load(content: bytes) -> None:
        path.write_bytes(content)
        try:
            read_hdf5(path, image_schema("train")) if target == "reader" else Sequential.load(path)
        except MinidlError as error:
            if str(path) not in str(error):
                raise AssertionError("the error does not name the file") from error

    def change(content: bytes, most: int, seed: int) -> bytes:
        """Change an input as our own tortures do, half of the time; atheris' way in the other half."""
        rng = np.random.default_rng(seed)
        way = rng.random()
        if way < 0.4:
            return mutations.mutated(content, rng)[:most]
        if way < 0.7 and target == "loader":
            return forgery.forged(seeds[0], rng)[:most]
        return bytes(atheris.Mutate(content, most))

    atheris.Setup([*sys.argv, str(corpus)], load, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
