"""The parameters after each epoch of both kinds of networks, from the same `random_state`."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from minidl import Callback
from minidl.sklearn import MinidlClassifier, MinidlRegressor


class _Recorder(Callback):
    """Keeps the parameters at the start, and after each epoch."""

    def __init__(self):
        self.thetas = []

    def on_train_begin(self, run):
        self.thetas.append(run.model.parameters.theta.copy())

    def on_epoch_end(self, run):
        self.thetas.append(run.model.parameters.theta.copy())


class _Recorded:
    """Keeps the parameters of scikit-learn's networks at the start, and after each epoch."""

    def _initialize(self, *arguments):
        super()._initialize(*arguments)
        self.thetas = [parameters_of(self)]

    def _update_no_improvement_count(self, *arguments):
        self.thetas.append(parameters_of(self))
        super()._update_no_improvement_count(*arguments)


class _RecordedClassifier(_Recorded, MLPClassifier):
    pass


class _RecordedRegressor(_Recorded, MLPRegressor):
    pass


PEERS = {MinidlClassifier: _RecordedClassifier, MinidlRegressor: _RecordedRegressor}


def parameters_of(network):
    """Return the parameters of scikit-learn's network in the order of minidl's."""
    pairs = zip(network.coefs_, network.intercepts_, strict=True)
    return np.concatenate([np.r_[weight.T.ravel(), bias] for weight, bias in pairs])


def trajectories(kind, X, y, **options):
    """Fit both with the same parameters, in the order of the rows; return both, and their paths."""
    options = {"hidden_layer_sizes": (7, 5), "random_state": 0, "shuffle": False, **options}
    recorder = _Recorder()
    ours, theirs = kind(callbacks=[recorder], **options), PEERS[kind](**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours.fit(X, y)
        theirs.fit(X, y)
    return ours, theirs, np.array(recorder.thetas), np.array(theirs.thetas)
