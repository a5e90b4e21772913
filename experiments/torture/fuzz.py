"""Coverage-guided fuzzing of the reader and the model loader with atheris.

`pip install atheris` (Python 3.11 to 3.13). Each target runs in its own process for half of the
time. An input that ends in anything except a model, arrays or minidl's own error is a finding;
atheris prints it, and its bytes are kept with the other results.
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

DEFAULT_COUNT = 120  # seconds
TARGETS = ("reader", "loader")
MEMORY = 2_048  # MB
MAX_SECONDS = 10  # seconds of one input


def run(count: int, seed: int, scratch: Path) -> Result:
    """Fuzz for `count` seconds in total."""
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
            f"-timeout={MAX_SECONDS}",
            "-max_len=65536",
        ]
        command = [
            sys.executable,
            "-m",
            "experiments.torture.fuzz",
            target,
            *limits,
            "-print_final_stats=1",
            f"-artifact_prefix={folder}/found-",
        ]
        done = subprocess.run(
            command,
            env=os.environ | {"MINIDL_FUZZ": str(folder)},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        stats = {
            name: int(number) for name, number in re.findall(r"stat::(\w+):\s+(\d+)", done.stderr)
        }
        findings = sorted(path.name for path in folder.glob("found-*"))
        names = ("number_of_executed_units", "new_units_added", "peak_rss_mb")
        rows.append([target, seconds, *(stats.get(name, 0) for name in names), len(findings)])
        numbers[target] = {"seconds": seconds, **stats, "findings": findings}
        if findings or done.returncode:
            errors = done.stderr[-2000:]
            violations.append(f"{target}: status {done.returncode}, {findings}: {errors}")
    return Result(rows, numbers, violations)


def _main() -> None:
    """Fuzz one target, in its own process."""
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

    def mutate_input(content: bytes, max_size: int, seed: int) -> bytes:
        """Change an input as `mutate` does, or as atheris does."""
        rng = np.random.default_rng(seed)
        choice = rng.random()
        if choice < 0.4:
            return mutations.mutated(content, rng)[:max_size]
        if choice < 0.7 and target == "loader":
            return forgery.forge_description(seeds[0], rng)[:max_size]
        return bytes(atheris.Mutate(content, max_size))

    atheris.Setup([*sys.argv, str(corpus)], load, custom_mutator=mutate_input)
    atheris.Fuzz()


if __name__ == "__main__":
    _main()
