"""Short trainings of networks whose layers keep state."""

import numpy as np

from minidl import Adam, Linear, MeanSquaredError, Sequential

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((40, 2)), RNG.standard_normal((40, 1))


def net(*layers, **options):
    """Return a network of some layers for two features, and a linear one at the end."""
    return Sequential([*layers, Linear(2, 1)], loss=MeanSquaredError(), seed=1, **options)


def fit(model, X=X, Y=Y, epochs=1, **options):
    """Train it for some epochs."""
    return model.fit(X, Y, optimizer=Adam(), epochs=epochs, progress=False, **options)
