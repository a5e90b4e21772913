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
        "minidl/losses/encoding.py",
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
    (
        "minidl/adapters/torch.py",
        "rules = _Rules(calls, arrays, np.random.default_rng([seed, 3]))",
        "rules = _Rules(calls, arrays, np.random.default_rng([seed, 2]))",
    ): "any stream of random numbers tries the rules as well",
    (
        "minidl/batching/inference_batches.py",
        "batch_size = max(1 if reads_rows else MIN_ROWS, min(MAX_ROWS, power_of_two))",
        "batch_size = max( 0 if reads_rows else MIN_ROWS, min(MAX_ROWS, power_of_two))",
    ): "a power of two is 1 or more",
    (
        "minidl/training/resume_checks.py",
        'for rng, rng_state in zip(layer_rngs(run), state["rng_states"], strict=True):',
        'for rng, rng_state in zip(layer_rngs(run), state["rng_states"]):',
    ): "a state with another number of generators has another structure, which was refused before",
    (
        "minidl/cli/data_verify.py",
        'failed = any(file["verdict"] == "broken" for file in rows)',
        'failed = any(file["verdict"] <= "broken" for file in rows)',
    ): "the other verdicts, known and unknown, come after broken",
    (
        "minidl/data/images.py",
        "digest = 0",
        "digest = 1",
    ): "two checksums of the same start are compared, and none is kept",
    (
        "minidl/layers/gates.py",
        "for matrix in out.reshape(-1, units, units):",
        "for matrix in out.reshape(- 2, units, units):",
    ): "NumPy takes any negative length for the one that is to be found",
    (
        "minidl/training/resume.py",
        "parameters = [arrays.parameters[name].reshape(-1) for name, _ in run.model.parameters]",
        "parameters = [arrays.parameters[name].reshape(- 2) for name, _ in run.model.parameters]",
    ): "NumPy takes any negative length for the one that is to be found",
    (
        "minidl/layers/windows.py",
        "counts = zip(padded, extent, self.stride, strict=True)",
        "counts = zip(padded, extent, self.stride)",
    ): "all are pairs: the size was zipped strictly before",
    (
        "minidl/data/jpeg_file.py",
        "across, down = self.factors[components[0]]",
        "across, down = self.factors[components[ -1]]",
    ): "there is one component",
    (
        "minidl/data/jpeg_file.py",
        "if any(len(component) < 3 for component in components):",
        "if any(len(component) != 3 for component in components):",
    ): "three bytes are cut out at most",
    (
        "minidl/plots/images.py",
        "white=255 if pixels.dtype == np.uint8 else 1,",
        "white=255 if pixels.dtype <= np.uint8 else 1,",
    ): "NumPy orders dtypes by safe casts: below uint8 is bool alone, which became float32",
    (
        "minidl/tuning/overfit.py",
        "for row, (example, target) in enumerate(zip(x, y, strict=True)):",
        "for row, (example, target) in enumerate(zip(x, y, strict=False)):",
    ): "a batch has as many rows of y as of x",
    (
        "minidl/adapters/scipy.py",
        "leaves = ParameterTree({piece.label: runs[0]}).leaves",
        "leaves = ParameterTree({piece.label: runs[ -1]}).leaves",
    ): "leaves are names and shapes, and all runs are matrices of one function",
}
