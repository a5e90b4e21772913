"""A model in the sandbox as the context of a check, and its stages one after the other."""

from contextlib import contextmanager

import numpy as np

from minidl.batching.batch import Batch
from minidl.gradcheck.constants import ALL_CALLS
from minidl.gradcheck.context import CheckContext
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.gradcheck.stages.contract import check_contract
from minidl.gradcheck.stages.layers import check_layers
from minidl.gradcheck.stages.loss import check_loss
from minidl.gradcheck.stages.network import check_network
from minidl.gradcheck.stages.penalties import check_penalties
from minidl.model.inputs import prepare_batch


@contextmanager
def context_of(model, X, Y, *, exhaustive=False):
    """Yield the context of a check of the model."""
    objective = model.objective_function
    x, y, _ = prepare_batch(objective, X, Y)
    batch = Batch(x.astype(float), y.astype(float))
    with ModelSandbox(objective.layers, others=(objective, objective.training_loss)) as sandbox:
        rng = np.random.default_rng(0)
        yield CheckContext(objective, sandbox, batch, rng, ALL_CALLS if exhaustive else 0)


def layers_of(context):
    """Return the results of the loss and of the layers."""
    loss = check_loss(context)
    return loss, check_layers(context, loss)


def network_of(context):
    """Return the results of all stages with derivatives."""
    loss, layers = layers_of(context)
    penalties = check_penalties(context)
    return loss, layers, penalties, check_network(context, loss, layers, penalties)


def all_checks(context, *, synthetic=False):
    """Return the rows of all stages."""
    contract, (loss, layers) = check_contract(context), layers_of(context)
    if synthetic:
        layers = check_layers(context, loss, schemes=layers.schemes, synthetic=True)
    penalties = check_penalties(context)
    network = check_network(context, loss, layers, penalties)
    return [
        check for stage in (contract, loss, layers, penalties, network) for check in stage.checks
    ]
