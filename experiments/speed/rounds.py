"""Rounds: one process per peer, which take turns: A B C, B C A, C A B, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from minidl import MinidlError

from .distance import Distance
from .peers import Peer

ROOT = Path(__file__).resolve().parents[2]
_PAUSE = 0.05  # seconds between turns: threads that spin for more work fall asleep
_TRIES = 100  # at a turn, before one is taken during which the processors were far apart


class PeerError(Exception):
    """A peer cannot be measured; the message says why."""


class NothingMeasuredError(MinidlError):
    """Not one peer could be measured."""


class Worker:
    """The process of one peer."""

    def __init__(self, threads: int) -> None:
        self._errors = tempfile.TemporaryFile("w+b")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "experiments.speed.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
            env=environment(threads),
            text=True,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which ends the workers
        )

    def ask(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a command, or raise `PeerError`."""
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PeerError(self._last_words())
        answer = json.loads(line)
        if "missing" in answer:
            raise PeerError(f"{answer['missing']} is not installed")
        if "failed" in answer:
            raise PeerError(answer["failed"])
        return answer

    def _last_words(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"its process ended with status {status}" + (f": {lines[-1]}" if lines else "")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # a command that it no longer read
            self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker: every library takes the same number of threads and no graphics card."""
    counts = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "NPROC",
    )
    return (
        os.environ
        | dict.fromkeys(counts, str(threads))
        | {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    )


class Crew:
    """The workers of some peers, for one benchmark; use it in a `with`, which ends them.

    If it is `patient`, turns during which two processors are far apart are waited out or repeated (see `distance`).

    Attributes
    ----------
    missing : dict of str to str
        Whom nothing is known of, and why: not installed, or failed on the way.
    versions : dict of str to str
        What was measured, by peer.
    memory : dict of str to (float, float)
        The largest resident memory, in MiB, when the last measurement was prepared and after it.
    apart, kept : int
        How often the processors were found far apart, so that a turn had to wait or to be repeated, and how many turns were kept though
        they were.
    """

    def __init__(self, peers: Mapping[str, Peer], threads: int, *, patient: bool = False) -> None:
        self.peers, self.threads = dict(peers), threads
        self.missing: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.memory: dict[str, tuple[float, float]] = {}
        self.apart = self.kept = 0
        self._distance = Distance() if patient and Distance.told(threads) else None
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.close()
        if self._distance:
            self._distance.close()

    def measure(
        self, function: str, settings: Mapping[str, Any], *, rounds: int, seconds: float, label: str
    ) -> dict[str, list[float]]:
        """Return, for each peer that could be measured, the seconds of one run in each round.

        Each peer's `function` is called with `settings` and the peer's own; its runs are repeated to fill about `seconds` per turn.
        """
        counts: dict[str, int] = {}
        times: dict[str, list[float]] = {}
        with tqdm(
            total=len(self.peers) * (rounds + 1), desc=label, leave=False, unit="turn"
        ) as bar:
            for name, peer in self.peers.items():
                job = [peer.module, function, {**peer.settings, **settings}]
                if answer := self._ask(name, {"prepare": job, "seconds": seconds}, label):
                    counts[name], times[name] = answer["count"], []
                    self.versions[name] = answer["version"]
                    self.memory[name] = (answer["before"], answer["memory"])
                bar.update()
            for turn in range(rounds):
                for name in rotated(list(self.peers), turn):
                    if name in times:
                        if answer := self._turn(name, counts[name], label):
                            times[name].append(answer["seconds"] / counts[name])
                            self.memory[name] = (self.memory[name][0], answer["memory"])
                        else:
                            del times[name]
                    bar.update()
        if not times:
            raise NothingMeasuredError(
                f"nothing could be measured: {'; '.join(self.told_missing())}"
            )
        return times

    def _turn(self, name: str, count: int, label: str) -> dict[str, Any] | None:
        """Return the answer of a turn before and after which the processors were near each other, if that can be had."""
        answer: dict[str, Any] | None = None
        for patience in reversed(range(_TRIES)):
            near = self._near()
            if near or not patience:
                answer = self._ask(name, {"run": count}, label)
                if answer is None or (near and self._near()):
                    return answer
            self.apart += 1
        self.kept += 1
        if self._distance and not self._distance.ever_near:
            self._distance = self._distance.close()  # it is not that kind of a machine
        return answer

    def _near(self) -> bool:
        time.sleep(_PAUSE)
        return self._distance is None or self._distance.near()

    def told_missing(self) -> list[str]:
        """Return a sentence for each peer that is missing in the tables."""
        return [f"{self.peers[name].title}: {reason}" for name, reason in self.missing.items()]

    def _ask(self, name: str, command: Mapping[str, Any], label: str) -> dict[str, Any] | None:
        """Return the answer, or None if the peer has failed, now or before: whoever fails once is out."""
        if name in self.missing:
            return None
        try:
            if name not in self._workers:
                self._workers[name] = Worker(self.threads)
            return self._workers[name].ask(command)
        except PeerError as error:
            cure = self.peers[name].install if str(error).endswith("is not installed") else ""
            self.missing[name] = f"{error}: {cure}" if cure else f"failed in {label}: {error}"
            if name in self._workers:
                self._workers.pop(name).close()
            return None


def rotated(names: list[str], turn: int) -> list[str]:
    """Return the names in the order of a round: each begins one round in as many as there are names."""
    start = turn % len(names)
    return names[start:] + names[:start]
