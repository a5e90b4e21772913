"""What a training that goes on takes over of the parameters that were set since the last fit."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import ArgumentError
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..optimizers.full_batch import FullBatchOptimizer
from ..penalties import L2
from ..utils.random import RandomGenerator
from ..utils.validation import model_dtype
from .network import with_dropout
from .optimization import OPTIMIZER_OPTIONS, first_learning_rate, new_optimizer
from .parameters import hidden_sizes

KEPT_OPTIONS = ("hidden_layer_sizes", "activation", "layers", "loss", "dtype")
"""Parameters of an estimator that describe the network: another value needs a new network."""

MODEL_OPTIONS = ("alpha", "dropout", "random_state")
"""Parameters that a network of the same weights can take over. Those of the optimizer are taken
over, too, and all others are read anew by each fit."""

_IGNORED_WITH_LAYERS = ("hidden_layer_sizes", "activation", "dropout")


class UsedOptions(NamedTuple):
    """The parameters that a network and its optimizer were made from.

    Parameters
    ----------
    values : dict of str to object
        The values by name.
    """

    values: dict[str, Any]

    @classmethod
    def of(cls, estimator: Any) -> UsedOptions:
        """Return the present parameters of an estimator."""
        names = (*KEPT_OPTIONS, *MODEL_OPTIONS, *OPTIMIZER_OPTIONS)
        values = {name: getattr(estimator, name) for name in names}
        values["hidden_layer_sizes"] = hidden_sizes(values["hidden_layer_sizes"])
        return cls(values)

    def changed(self, new: UsedOptions) -> list[str]:
        """Return the names of those that have another value and an effect."""
        ignored = _IGNORED_WITH_LAYERS if self.values["layers"] is not None else ()
        return [
            name
            for name, value in new.values.items()
            if name not in ignored and not _are_equal(self.values[name], value)
        ]


def _are_equal(old: Any, new: Any) -> bool:
    if old is new:
        return True
    try:
        return bool(old == new)
    except ValueError:  # arrays
        return False


class Training(NamedTuple):
    """A network and its optimizer."""

    model: Sequential
    optimizer: Optimizer


def continue_with(
    model: Sequential,
    optimizer: Optimizer,
    used: UsedOptions,
    new: UsedOptions,
    rng: RandomGenerator,
) -> Training:
    """Return the network and the optimizer with what was set; nothing given is changed.

    Parameters
    ----------
    model : Sequential
        The network of the last fit.
    optimizer : Optimizer
        Its optimizer.
    used, new : UsedOptions
        The parameters of the last fit and those of the next one.
    rng : numpy.random.Generator or numpy.random.RandomState
        Gives the streams of batches and dropout where `random_state` was set.

    Returns
    -------
    Training
        The network with the same weights, and the optimizer, which keeps its state unless it is
        another one; new objects where something was set.

    Raises
    ------
    ArgumentError
        If a parameter was set to an invalid value.
    """
    changed = used.changed(new)
    if any(name in changed for name in MODEL_OPTIONS):
        model = _changed_model(model, changed, new.values, rng)
    fresh = new_optimizer(new.values)
    is_other = "optimizer" in changed or _arguments(fresh) != _arguments(new_optimizer(used.values))
    if is_other:
        return Training(model, fresh)
    continued = copy.deepcopy(optimizer) if changed else optimizer
    continued.restore(model.parameters.theta, optimizer.state())
    takes_rate = not isinstance(new.values["optimizer"], Optimizer)
    is_rate_set = "learning_rate" in changed or "learning_rate_init" in changed
    if takes_rate and is_rate_set and not isinstance(optimizer, FullBatchOptimizer):
        continued.learning_rate = first_learning_rate(new.values)
    return Training(model, continued)


def _arguments(optimizer: Optimizer) -> tuple[type, dict[str, Any]]:
    """Return the class of an optimizer and its arguments but the learning rate."""
    arguments = optimizer.hyperparameters()
    arguments.pop("learning_rate", None)
    return type(optimizer), arguments


def check_kept(model: Sequential, used: UsedOptions, new: UsedOptions) -> None:
    """Raise `ArgumentError` if a parameter was set that needs a new network.

    Parameters
    ----------
    model : Sequential
        The network of the last fit.
    used, new : UsedOptions
        The parameters of the last fit and those of the next one.
    """
    changed = used.changed(new)
    for name in KEPT_OPTIONS:
        if name not in changed:
            continue
        old_value, value = used.values[name], new.values[name]
        if name == "dtype" and (value is None or model_dtype(value) == model.dtype):
            continue
        raise ArgumentError(
            f"a training that goes on keeps its network, but {name} was set from {old_value!r} to "
            f"{value!r}: fit with warm_start=False, or fit a sklearn.base.clone, for a new network"
        )


def _changed_model(
    model: Sequential, changed: Iterable[str], values: Mapping[str, Any], rng: RandomGenerator
) -> Sequential:
    """Return a network of the same weights with other dropout, penalty or random streams."""
    layers = copy.deepcopy(list(model.layers))
    if "dropout" in changed:
        layers = with_dropout(layers, values["dropout"])
    if "random_state" in changed:
        for layer in layers:
            for module in layer.modules():
                module.rng = None
    penalties = model.penalties
    if "alpha" in changed:
        penalties = (L2(values["alpha"]),) if values["alpha"] else ()
    twin = Sequential(
        layers,
        loss=copy.deepcopy(model.loss),
        penalties=penalties,
        seed=rng,
        dtype=model.dtype,
    )
    if "random_state" not in changed:
        twin.shuffle_rng = copy.deepcopy(model.shuffle_rng)
    return twin
