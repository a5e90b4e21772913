"""Changes that change nothing, marked by hand: (path, lines that differ) -> the reason."""

EQUIVALENT = {
    (
        "minidl/model/summary.py",
        "widths = [max(map(len, column)) for column in zip(*rows, strict=True)]",
        "widths = [max(map(len, column)) for column in zip(*rows)]",
    ): "rows that differ in length are refused by the strict zip with their widths below it",
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
    (
        "minidl/losses/cross_entropy.py",
        "numbers = labels[..., 0] if is_column else labels",
        "numbers = labels[..., -1] if is_column else labels",
    ): "a column has one element in its last axis",
    (
        "minidl/model/isolated_access.py",
        "is_new = not objective.members.checked and error[0] is None",
        "is_new = not objective.members.checked and error[ -1] is None",
    ): "Python passes a type, a value and a traceback, or None three times",
    (
        "minidl/data/hdf5_chunks.py",
        "-(-length // side) for length, side in zip(dataset.shape, dataset.chunks, strict=True)",
        "-(-length // side) for length, side in zip(dataset.shape, dataset.chunks, strict=False)",
    ): "HDF5 has chunks of as many dimensions as the dataset",
    (
        "minidl/data/hdf5_chunks.py",
        "for length, side in zip(dataset.shape, dataset.chunks, strict=True)",
        "for length, side in zip(dataset.shape, dataset.chunks, strict=False)",
    ): "HDF5 has chunks of as many dimensions as the dataset",
    (
        "minidl/layers/chain.py",
        "yield from zip(self._names, self.layers, strict=True)",
        "yield from zip(self._names, self.layers, strict=False)",
    ): "each layer has a name",
    (
        "minidl/plots/confusion.py",
        "ax=axes,",
    ): "matplotlib takes the axes of the image",
    (
        "minidl/data/hdf5_reader.py",
        "for letter, length in zip(field.shape, dataset.shape, strict=True):",
        "for letter, length in zip(field.shape, dataset.shape):",
    ): "the number of dimensions was checked one line before",
    (
        "minidl/serialization/json_codec.py",
        "encoded = dict(zip(value, elements, strict=True))",
        "encoded = dict(zip(value, elements))",
    ): "the elements were made from the same dictionary",
}
