"""Shuffled mini-batches for training."""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..utils.random import RandomGenerator, as_rng, get_raw_rng_state, set_rng_state, to_builtin
from ..utils.typing import Seed
from ..utils.validation import is_integer
from ..utils.workspace import Workspace, get_workspace
from .arguments import MEMORY_LIMIT, check_batch_size, check_memory_limit
from .augmentation import Augmentation, refuse_sparse
from .batch import Batch, BatchPart, check_same_length
from .data_digest import describe_data
from .out_of_core import as_array_or_source
from .own_lanes import OwnLanes
from .shuffled_rows import WITH_REPLACEMENT, Shuffle, ShuffledRows


class MiniBatches:
    """Iterate over X and Y in mini-batches.

    One iteration is one epoch, in which each row appears exactly once by default. The yielded
    arrays are reused for later batches: copy what you keep, and do not run two iterations at once.

    Parameters
    ----------
    X : array_like of shape (m, ...)
        The examples, one per row: an array, a sparse matrix of SciPy, of which batches are
        `SparseRows`, or an array-like with a shape, a dtype and slices of rows whose data is not in
        memory, such as an HDF5 dataset.
    Y : array_like of shape (m, k)
        The targets, likewise.
    batch_size : int or None, default 64
        Rows per batch; the last batch may be smaller. None: the whole set, as it is.
    shuffle : bool, "with_replacement" or callable, default True
        Whether each epoch has a new random order. With "with_replacement", each of the m rows of an
        epoch is drawn from all. A callable takes the number of the epoch, from 1, and returns a
        permutation of ``range(m)``.
    seed : int, numpy.random.Generator or numpy.random.RandomState, default 0
        The source of the random order.
    dtype : numpy.dtype, optional
        The dtype to which each batch of X is converted; by default that of X.
    memory_limit : int, default 256 * 2**20
        Bytes of rows that may be in memory. If the rows of a file do not fit, they are read in
        blocks of `plan.rows_per_block` rows, and shuffled within buffers of
        `plan.blocks_per_buffer` randomly chosen blocks.
    augment : Augmentation, optional
        Changes the pictures of each batch.

    Attributes
    ----------
    n_examples : int
        Number of rows m.
    batch_size : int
        Rows per batch, at most m.
    augment : Augmentation or None
        What changes the pictures.
    epoch : int
        Number of the current epoch, from 1; 0 before the first iteration.
    plan : ReadPlan or None
        How the rows are read if they do not fit into the memory limit.
    lanes : OwnLanes or None
        The part of each batch that is yielded, where several processes share it.

    Raises
    ------
    ArgumentError
        If an argument is out of its range, or the memory limit too small for two buffers.
    ShapeError
        If X and Y have different numbers of rows, or none, or X no pictures for `augment`.
    DtypeError
        If X or Y does not hold real numbers.
    DataError
        If rows cannot be read; from an iteration, before it yields rows of that buffer.
    NonFiniteError
        If rows that are read from a file are not finite; likewise.

    Examples
    --------
    >>> import numpy as np
    >>> batches = MiniBatches(np.arange(5), np.zeros((5, 1)), batch_size=2, shuffle=False)
    >>> [batch.x.tolist() for batch in batches]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        *,
        batch_size: int | None = 64,
        shuffle: Shuffle = True,
        seed: Seed = 0,
        dtype: np.dtype[Any] | None = None,
        memory_limit: int = MEMORY_LIMIT,
        augment: Augmentation | None = None,
    ) -> None:
        check_batch_size(batch_size)
        check_memory_limit(memory_limit)
        x = as_array_or_source(X, "X", dtype and np.dtype(dtype))
        y = as_array_or_source(Y, "Y")
        check_same_length(x, y)
        x_dtype = np.dtype(dtype or x.dtype)
        rng = as_rng(seed)
        self._set_up(Batch(x, y), batch_size, shuffle, rng, x_dtype, memory_limit, augment)

    @classmethod
    def from_batch(
        cls,
        data: Batch,
        *,
        batch_size: int | None,
        shuffle: Shuffle,
        rng: RandomGenerator,
        dtype: np.dtype[Any],
        memory_limit: int,
        augment: Augmentation | None = None,
        lanes: OwnLanes | None = None,
    ) -> MiniBatches:
        """Return mini-batches of data, and of a batch size and memory limit, that are validated.

        Parameters
        ----------
        data : Batch
            All examples, targets and weights: arrays, or `ArraySource` objects.
        batch_size : int or None
            Rows per batch.
        shuffle : bool, "with_replacement" or callable
            As for the constructor.
        rng : numpy.random.Generator or numpy.random.RandomState
            The source of the random order.
        dtype : numpy.dtype
            The dtype to which each batch of x is converted.
        memory_limit : int
            Bytes of rows that may be in memory.
        augment : Augmentation, optional
            Changes the pictures of each batch.
        lanes : OwnLanes, optional
            The part of each batch that is yielded, as a `BatchPart`.

        Returns
        -------
        MiniBatches
            The mini-batches; each has sample weights if `data` has.
        """
        batches = cls.__new__(cls)
        batches._set_up(data, batch_size, shuffle, rng, dtype, memory_limit, augment, lanes)
        return batches

    def _set_up(
        self,
        data: Batch,
        batch_size: int | None,
        shuffle: Shuffle,
        rng: RandomGenerator,
        dtype: np.dtype[Any],
        memory_limit: int,
        augment: Augmentation | None,
        lanes: OwnLanes | None = None,
    ) -> None:
        is_drawn = isinstance(shuffle, str) and shuffle == WITH_REPLACEMENT
        if not (isinstance(shuffle, bool) or is_drawn or callable(shuffle)):
            raise ArgumentError(
                f'shuffle must be True, False, "{WITH_REPLACEMENT}" or a function from the '
                f"epoch's number to an order, got {shuffle!r}"
            )
        if is_drawn and batch_size is None:
            raise ArgumentError(
                f'batch_size must be a number with shuffle="{WITH_REPLACEMENT}", got None: that is '
                "the whole set, each row once"
            )
        if augment is not None:
            refuse_sparse(data.x)
            augment.check(data.x.shape, dtype)
        self.augment = augment
        self._workspace: Workspace = {}
        self._rng = rng
        self.lanes = lanes
        self._rows = ShuffledRows(data, batch_size, shuffle, rng, dtype, memory_limit, lanes)
        self.n_examples = self._rows.n_examples
        self.batch_size = self._rows.batch_size
        self.shuffle = shuffle
        self.plan = self._rows.plan
        self.epoch = 0
        self._batches_yielded = 0  # in the current epoch
        self._rng_state_at_epoch_start: dict[str, Any] | None = None  # None between epochs
        self._resuming_mid_epoch = False
        self._dtype = dtype
        self._data_description: dict[str, Any] | None = None

    def __len__(self) -> int:
        return math.ceil(self.n_examples / self.batch_size)

    def __iter__(self) -> Generator[Batch]:
        if not self._resuming_mid_epoch:
            self.epoch += 1
            self._batches_yielded = 0
            self._rng_state_at_epoch_start = get_raw_rng_state(self._rng)
        self._resuming_mid_epoch = False
        first_row = self._batches_yielded * self.batch_size
        with closing(self._rows.batch_groups(self.epoch, first_row)) as groups:
            for batches in groups:
                for batch in batches:
                    self._batches_yielded += 1
                    yield self._dealt(batch)
        self._rng_state_at_epoch_start = None

    def _dealt(self, batch: Batch) -> Batch:
        """Return the batch that is yielded now, of which these are the rows of this process."""
        if self.augment is None and self.lanes is None:
            return batch
        number = self._batches_yielded
        n_examples = min(self.batch_size, self.n_examples - (number - 1) * self.batch_size)
        if self.augment is not None:
            out = get_workspace(self._workspace, "x", batch.x.shape, batch.x.dtype)
            part = None if self.lanes is None else (self.lanes.rows(n_examples), n_examples)
            x = self.augment(batch.x, epoch=self.epoch, batch=number, out=out, part=part)
            batch = batch._replace(x=x)
        return batch if self.lanes is None else BatchPart.of(batch, n_examples)

    def state(self) -> dict[str, Any]:
        """Return the state of the iteration as JSON-compatible values.

        Returns
        -------
        dict
            The number of completed epochs, the number of batches yielded in the current epoch, the
            state of the random generator at its start, and the arguments that must be the same.
        """
        rng_state = self._rng_state_at_epoch_start
        mid_epoch = rng_state is not None
        return {
            "epoch": self.epoch - mid_epoch,
            "batch": self._batches_yielded if mid_epoch else 0,
            "random": to_builtin(rng_state if mid_epoch else get_raw_rng_state(self._rng)),
            "dealing": self._configuration(),
        }

    def _configuration(self) -> dict[str, Any]:
        rows_per_block, blocks_per_buffer = self.plan or (None, None)
        return {
            "rows": self.n_examples,
            "batch_size": self.batch_size,
            "shuffle": "callable" if callable(self.shuffle) else self.shuffle,
            "block": rows_per_block,
            "blocks": blocks_per_buffer,
            **({} if self.lanes is None else {"lanes": self.lanes.description}),
        }

    def order_description(self, epoch: int | None = None) -> dict[str, Any] | None:
        """Return what identifies the order that a `shuffle` function gives to an epoch.

        Parameters
        ----------
        epoch : int, optional
            The number of the epoch, by default the current one.

        Returns
        -------
        dict or None
            "epoch" and the "sha256" of its order; None without a function, or before an epoch.
        """
        epoch = self.epoch if epoch is None else epoch
        digest = self._rows.order_digest(epoch) if epoch else None
        return None if digest is None else {"epoch": epoch, "sha256": digest}

    def data_description(self) -> dict[str, Any]:
        """Return what identifies the rows, computed when it is first asked for.

        Returns
        -------
        dict
            What `describe_data` returned.
        """
        if self._data_description is None:
            self._data_description = describe_data(self._rows.data, self._dtype)
        return self._data_description

    def validate_state(self, state: Mapping[str, Any]) -> None:
        """Raise `ArgumentError` unless `restore` can resume from `state`; nothing changes.

        Parameters
        ----------
        state : dict
            What `state` returned.
        """
        values = state if isinstance(state, Mapping) else {}
        epoch = values.get("epoch")
        batch = values.get("batch")
        if not (is_integer(epoch, 0) and is_integer(batch, 0) and batch <= len(self)):
            rule = "state must be what MiniBatches.state() returned, with an epoch >= 0 and"
            raise ArgumentError(f"{rule} a batch from 0 to {len(self)}, got {state!r:.100}")
        configuration = values.get("dealing")
        if configuration != self._configuration():
            rule = f"state must be of batches made in the same way, {self._configuration()}"
            raise ArgumentError(f"{rule}, got {configuration}: use the same data and arguments")
        set_rng_state(copy.deepcopy(self._rng), values.get("random", {}))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume where `state` was taken, or raise as `validate_state` does.

        Parameters
        ----------
        state : dict
            What `state` returned.
        """
        self.validate_state(state)
        set_rng_state(self._rng, state["random"])
        self._batches_yielded = state["batch"]
        self._resuming_mid_epoch = self._batches_yielded > 0
        self.epoch = state["epoch"] + self._resuming_mid_epoch
        mid_epoch = self._resuming_mid_epoch
        self._rng_state_at_epoch_start = dict(state["random"]) if mid_epoch else None
