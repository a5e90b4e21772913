"""Rounds: one process per peer, which take turns.

A B C, B C A, C A B: what disturbs the machine disturbs all alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from minidl import MinidlError

from .distance import ProcessorDistance
from .peers import Peer

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 0.05  # seconds between turns, in which threads that spin for more work fall asleep
MAX_TRIES = 100  # of a turn, before one with processors far apart is kept


class PeerError(Exception):
    """A peer cannot be measured; the message says why."""


class NothingMeasuredError(MinidlError):
    """No peer could be measured."""


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
            start_new_session=True,  # Ctrl-C reaches only the parent, which ends the workers
        )

    def request(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a command, or raise `PeerError`."""
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PeerError(self._exit_message())
        answer = json.loads(line)
        if "missing" in answer:
            raise PeerError(f"{answer['missing']} is not installed")
        if "failed" in answer:
            raise PeerError(answer["failed"])
        return answer

    def _exit_message(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"its process ended with status {status}" + (f": {lines[-1]}" if lines else "")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # a command that it has not read
            self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a worker: the same number of threads everywhere, no GPU."""
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


class WorkerPool:
    """The workers of some peers, for one benchmark; a context manager, which ends them.

    If it is `patient`, turns with two processors far apart wait or are repeated (see `distance`).
    `clock` is the function of `time` that measures a turn: "process_time" does not count while
    another program has the processor, but counts each thread.

    Attributes
    ----------
    missing : dict of str to str
        The peers that were not measured, with the reason: not installed, or failed.
    versions : dict of str to str
        Name and version of what was measured, by peer.
    memory : dict of str to (float, float)
        The peak resident memory in MiB before and after the last measurement, by peer.
    facts : dict of str to dict
        What the peers said of their last measurement besides, by peer.
    n_far : int
        How often the processors were far apart, so that a turn had to wait or to be repeated.
    n_kept : int
        How many turns were kept although the processors were far apart.
    """

    def __init__(
        self,
        peers: Mapping[str, Peer],
        threads: int,
        *,
        patient: bool = False,
        clock: str = "perf_counter",
    ) -> None:
        self.peers = dict(peers)
        self.threads = threads
        self.clock = clock
        self.missing: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.memory: dict[str, tuple[float, float]] = {}
        self.facts: dict[str, dict[str, float]] = {}
        self.n_far = 0
        self.n_kept = 0
        self._distance: ProcessorDistance | None = None
        if patient and ProcessorDistance.is_measurable(threads):
            self._distance = ProcessorDistance()
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> WorkerPool:
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
        self,
        function: str,
        arguments: Mapping[str, Any],
        *,
        rounds: int,
        seconds: float,
        label: str,
        repeats: int = 1,
        only: Sequence[str] | None = None,
    ) -> dict[str, list[float]]:
        """Return the seconds of one run in each round, for each peer that could be measured.

        Each peer's `function` is called with `arguments` and the peer's own; its runs are repeated
        to fill about `seconds` per turn, of which the shortest of `repeats` equal parts counts.
        With `only`, the other peers do not take part.
        """
        counts: dict[str, int] = {}
        times: dict[str, list[float]] = {}
        names = list(self.peers if only is None else only)
        with tqdm(
            total=len(names) * (rounds + 1), desc=label, leave=False, unit="turn", disable=None
        ) as bar:
            for name in names:
                peer = self.peers[name]
                job = [peer.module, function, {**peer.arguments, **arguments}]
                order = {"prepare": job, "seconds": seconds / repeats}
                answer = self._request(name, order, label)
                if answer:
                    counts[name], times[name] = answer["count"], []
                    self.versions[name] = answer["version"]
                    self.memory[name] = (answer["before"], answer["memory"])
                    self.facts[name] = answer["facts"]
                bar.update()
            for turn in range(rounds):
                for name in rotated(names, turn):
                    if name in times:
                        order = {"run": counts[name], "repeats": repeats, "clock": self.clock}
                        answer = self._turn(name, order, label)
                        if answer:
                            times[name].append(answer["seconds"] / counts[name])
                            self.memory[name] = (self.memory[name][0], answer["memory"])
                        else:
                            del times[name]
                    bar.update()
        if not times:
            raise NothingMeasuredError(
                f"nothing could be measured: {'; '.join(self.missing_lines())}"
            )
        return times

    def _turn(self, name: str, order: Mapping[str, Any], label: str) -> dict[str, Any] | None:
        """Return the answer of a turn with near processors before and after it, if possible."""
        answer: dict[str, Any] | None = None
        for tries_left in reversed(range(MAX_TRIES)):
            near_before = self._is_near()
            if near_before or not tries_left:
                answer = self._request(name, order, label)
                if answer is None or (near_before and self._is_near()):
                    return answer
            self.n_far += 1
        self.n_kept += 1
        if self._distance and not self._distance.was_near:
            self._distance.close()  # the processors of this machine never share a cache
            self._distance = None
        return answer

    def _is_near(self) -> bool:
        time.sleep(PAUSE)
        return self._distance is None or self._distance.is_near()

    def missing_lines(self) -> list[str]:
        """Return a sentence for each peer that is missing in the tables."""
        return [f"{self.peers[name].title}: {reason}" for name, reason in self.missing.items()]

    def _request(self, name: str, command: Mapping[str, Any], label: str) -> dict[str, Any] | None:
        """Return the answer, or None if the peer fails or has failed before."""
        if name in self.missing:
            return None
        try:
            if name not in self._workers:
                self._workers[name] = Worker(self.threads)
            return self._workers[name].request(command)
        except PeerError as error:
            cure = self.peers[name].install if str(error).endswith("is not installed") else ""
            self.missing[name] = f"{error}: {cure}" if cure else f"failed in {label}: {error}"
            if name in self._workers:
                self._workers.pop(name).close()
            return None


def rotated(names: list[str], turn: int) -> list[str]:
    """Return the names in the order of a round; each is the first of some rounds."""
    start = turn % len(names)
    return names[start:] + names[:start]
