"""Metrics of batches of which each process has a part."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..batching.own_lanes import OwnLanes
from ..metrics.measurement import Measurement
from ..utils.typing import Array
from .process_group import ProcessGroup


class LaneMeasurement:
    """A measurement of each lane, which are put together at the end of an epoch.

    It has the attributes of the measurement that it is made of.

    Parameters
    ----------
    measurement : Measurement
        An empty one.
    lanes : OwnLanes
        The lanes of this process.
    group : ProcessGroup
        All processes.
    """

    def __init__(self, measurement: Measurement, lanes: OwnLanes, group: ProcessGroup) -> None:
        self._whole = measurement
        self._lanes = lanes
        self._group = group
        self._of_lanes = [copy.copy(measurement) for _ in range(lanes.stop - lanes.first)]
        self._is_empty = True
        self.metrics = measurement.metrics
        self.columns = measurement.columns
        self.shown = measurement.shown
        self.directions = measurement.directions

    def reset(self) -> None:
        """Forget all batches."""
        self._is_empty = True
        for measurement in self._of_lanes:
            measurement.reset()

    def add(self, output: Array, target: Array, sample_weight: Array | None = None) -> None:
        """Add the rows of this process in a batch, as `Measurement.add` does."""
        self._is_empty = False
        slices = self._lanes.slices(len(output))
        for measurement, rows in zip(self._of_lanes, slices, strict=True):
            if rows.start < rows.stop:
                weight = None if sample_weight is None else sample_weight[rows]
                measurement.add(output[rows], target[rows], weight)

    def values(self) -> dict[str, float]:
        """Return the value of each column over all batches, as rank 0 computes it."""
        states = self.state().get("lanes", [])
        self._whole.reset()
        if self._group.is_root:
            for state in states:
                self._whole.merge(state)
        return self._group.of_root(self._whole.values() if self._group.is_root else {})

    def state(self) -> dict[str, Any]:
        """Return the totals of all lanes, on all ranks; empty before the first batch."""
        if self._is_empty:
            return {}
        own = [measurement.state() for measurement in self._of_lanes]
        return {"lanes": [state for states in self._group.gather(own) for state in states]}

    def check_state(self, state: Mapping[str, Any]) -> None:
        """Raise an error unless `restore` can go on from a state."""
        for lane_state in self._of_file(state):
            self._whole.check_state(lane_state)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._is_empty = not state
        states = self._of_file(state)
        if not states:
            return
        if len(states) == self._lanes.n_lanes:
            states = states[self._lanes.first : self._lanes.stop]
        else:  # lanes of another number of processes
            self._whole.reset()
            for lane_state in states:
                self._whole.merge(lane_state)
            own: list[Mapping[str, Any]] = [{} for _ in self._of_lanes]
            if self._group.is_root:
                own[0] = self._whole.state()
            states = own
        for measurement, lane_state in zip(self._of_lanes, states, strict=True):
            measurement.restore(lane_state)

    @staticmethod
    def _of_file(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return list(state["lanes"]) if state else []
