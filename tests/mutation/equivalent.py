"""Changes that change nothing, marked by hand: (path, lines that differ) -> the reason."""

EQUIVALENT = {
    (
        "minidl/cli/scores.py",
        'with np.errstate(over="ignore", invalid="ignore", under="ignore"):',
        'with np.errstate(over="ignore", invalid="ignore"):',
    ): "the parts of a model ignore underflow themselves",
    (
        "minidl/serialization/configuration.py",
        "@property",
    ): "in a Protocol, which only type checkers read",
    (
        "minidl/adapters/pytensor.py",
        "i: each for i, each in zip(self._floats, found, strict=True) if each is not None",
        "i: each for i, each in zip(self._floats, found, strict=False) if each is not None",
    ): "pytensor.grad returns as many gradients as it was given arrays",
}
