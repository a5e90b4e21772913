"""Values of the options that are not given, and what the help says of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .. import Optimizer, optimizers
from ..optimizers.full_batch import FullBatchOptimizer
from ..utils.parts import parts_by_option
from .argument_types import layer_widths

OPTIMIZERS = parts_by_option(optimizers, Optimizer)
FULL_BATCH_OPTIMIZERS = {
    name: kind for name, kind in OPTIMIZERS.items() if issubclass(kind, FullBatchOptimizer)
}
FULL_BATCH = "full batch"
DEPENDS_ON_DATASET = "depends on the dataset"


class Defaults(NamedTuple):
    """Values of the options that are not given, one set for each dataset.

    Parameters
    ----------
    layers : str
        Widths of the hidden layers, as after `--layers`.
    epochs : int
        Epochs of training.
    optimizer : str, default "gd"
        Name of the optimizer, as after `--optimizer`.
    learning_rate : float, default 0.0075
        For optimizers that are not adaptive.
    adaptive_learning_rate : float, default 1e-5
        For adaptive optimizers, such as Adam.
    batch_size : int, optional
        Examples per step; by default all of them.
    init : str, default "xavier"
        Name of the initializer, as after `--init`.

    Examples
    --------
    >>> print(Defaults("20,7,5", epochs=2500))
    layers 20,7,5, gd, learning rate 0.0075, full batch, init xavier, 2,500 epochs
    """

    layers: str
    epochs: int
    optimizer: str = "gd"
    learning_rate: float = 0.0075
    adaptive_learning_rate: float = 1e-5
    batch_size: int | None = None
    init: str = "xavier"

    def rate_for(self, optimizer: str) -> float:
        """Return the default learning rate of an optimizer.

        Parameters
        ----------
        optimizer : str
            Its name, as after `--optimizer`.

        Returns
        -------
        float
            One of the two learning rates.
        """
        is_adaptive = OPTIMIZERS[optimizer].is_adaptive
        return self.adaptive_learning_rate if is_adaptive else self.learning_rate

    def __str__(self) -> str:
        return (
            f"layers {self.layers}, {self.optimizer}, "
            f"learning rate {self.rate_for(self.optimizer):g}, "
            f"{f'batch size {self.batch_size}' if self.batch_size else FULL_BATCH}, "
            f"init {self.init}, {self.epochs:,} epochs"
        )


def fill_defaults(options: argparse.Namespace, defaults: Defaults) -> None:
    """Set the options that were not given, in place.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options; those that the parser does not have are not added.
    defaults : Defaults
        Their values.
    """
    values: dict[str, Any] = {
        "layers": layer_widths(defaults.layers),
        "epochs": defaults.epochs,
        "optimizer": defaults.optimizer,
        "init": defaults.init,
    }
    for name, value in values.items():
        if name in options and getattr(options, name) is None:
            setattr(options, name, value)
    if getattr(options, "optimizer", None) in FULL_BATCH_OPTIMIZERS:
        return  # the whole set, without a learning rate
    if "batch_size" in options and options.batch_size is None:
        options.batch_size = defaults.batch_size
    if "learning_rate" in options and options.learning_rate is None:
        options.learning_rate = defaults.rate_for(options.optimizer)


def option_adder(defaults: Defaults | None) -> Callable[..., None]:
    """Return a function that adds an option whose help names its default.

    Parameters
    ----------
    defaults : Defaults or None
        The defaults of the options that have none in the parser; None if they depend on the
        dataset.

    Returns
    -------
    callable
        ``add(group, name, text, **arguments)``; the arguments are those of `add_argument`.
    """
    texts = _default_texts(defaults)

    def add(group: Any, name: str, text: str, **arguments: Any) -> None:
        default = texts.get(name[2:].replace("-", "_"), "%(default)s")
        group.add_argument(name, help=f"{text} (default: {default})", **arguments)

    return add


def _default_texts(defaults: Defaults | None) -> dict[str, str]:
    """Return what the help says of the defaults that are not the parser's own."""
    texts = {
        "net": "--layers with --activation and --keep-prob",
        "keep_prob": "1.0, no dropout",
        "clip_norm": "no clipping",
    }
    if defaults is None:
        return texts | dict.fromkeys(Defaults._fields, DEPENDS_ON_DATASET)
    rates = [
        f"{rate:g} for {', '.join(_optimizer_names(is_adaptive))}"
        for is_adaptive, rate in (
            (False, defaults.learning_rate),
            (True, defaults.adaptive_learning_rate),
        )
    ]
    return {
        **texts,
        "layers": defaults.layers,
        "epochs": str(defaults.epochs),
        "optimizer": defaults.optimizer,
        "learning_rate": "; ".join(rates),
        "batch_size": str(defaults.batch_size or FULL_BATCH),
        "init": defaults.init,
    }


def _optimizer_names(is_adaptive: bool) -> Iterable[str]:
    return (
        name
        for name, kind in OPTIMIZERS.items()
        if kind.is_adaptive == is_adaptive and name not in FULL_BATCH_OPTIMIZERS
    )
