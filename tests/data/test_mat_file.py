"""MAT-files: what SciPy writes is read, and what it must not read is refused before."""

import io
import tracemalloc

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from minidl import DataError, MissingDataError
from minidl.data import mat_file, read_mat

RNG = np.random.default_rng(0)
POINTS = {"X": RNG.standard_normal((7, 2)), "y": np.arange(7)[:, np.newaxis] % 2}


def saved(variables, **options):
    """Return the bytes of a MAT-file."""
    file = io.BytesIO()
    scipy.io.savemat(file, variables, **options)
    return file.getvalue()


def read(content, path, *names, **options):
    """Write a file and read it."""
    path.write_bytes(content)
    return read_mat(path, *names, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.mat"


@given(
    m=st.integers(1, 9),
    n=st.integers(1, 4),
    dtype=st.sampled_from(["f8", "f4", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "?"]),
    is_row=st.booleans(),
    in_columns=st.booleans(),
    packed=st.booleans(),
)
def test_what_scipy_writes_is_read(m, n, dtype, is_row, in_columns, packed, tmp_path_factory):
    X, y = RNG.uniform(0, 100, (m, n)).astype(dtype), np.arange(m).astype(dtype)
    if m == n:
        in_columns = is_row  # else nobody can tell
    content = saved(
        {
            "X": X.T if in_columns else X,
            "y": y[np.newaxis] if is_row else y[:, np.newaxis],
            "name": "text",
            "more": {"a": [1, 2]},
        },
        do_compression=packed,
    )
    x, targets = read(content, tmp_path_factory.getbasetemp() / "data.mat")
    np.testing.assert_array_equal(x, X.astype(np.float64), strict=True)
    np.testing.assert_array_equal(targets, y.astype(np.float64)[:, np.newaxis], strict=True)
    assert x.flags.c_contiguous
    assert x.flags.writeable


def test_pictures_may_have_their_examples_last(path):
    pictures, labels = RNG.integers(0, 255, (4, 4, 3, 6)), np.arange(6)
    x, y = read(saved({"X": pictures, "y": labels}), path)
    assert y[:, 0].tolist() == labels.tolist()
    np.testing.assert_array_equal(x[5], pictures[..., 5])


def test_other_names(path):
    content = saved({**POINTS, "Xval": POINTS["X"][:3], "yval": POINTS["y"][:3]})
    X, Y = read(content, path, "Xval", "yval")
    assert (X.shape, Y.shape) == ((3, 2), (3, 1))
    X, Y = read(saved({"a": POINTS["X"], "b": POINTS["y"]}), path, X="a", y="b")
    assert (X.shape, Y.shape) == ((7, 2), (7, 1))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"data": POINTS["X"], "class\x1b": [1]},
            r'must have the variables X and y, found data, class\\x1b: pass .* "Xval", "yval"\)',
        ),
        ({}, "must have the variables X and y, found none: pass"),
        ({"X": POINTS["X"]}, "must have the variables X and y, found X: pass"),
        (
            {**POINTS, "X": scipy.sparse.csc_matrix(np.eye(7))},
            "X must hold real numbers, found the class sparse: convert it in MATLAB, .* full",
        ),
        ({**POINTS, "X": {"a": 1}}, "X must hold real numbers, found the class struct"),
        ({**POINTS, "y": "yes"}, "y must hold real numbers, found the class char"),
        ({**POINTS, "X": np.array([1, "a"], object)}, "X must hold real numbers, .* cell"),
        ({**POINTS, "X": POINTS["X"] * 1j}, "X must hold real numbers, found complex numbers"),
        ({**POINTS, "X": POINTS["X"] * np.nan}, "X must be finite, found NaN or infinity: drop"),
        ({**POINTS, "y": np.ones((7, 2))}, r"y must be a row or a column .* found shape \(7, 2\)"),
        ({**POINTS, "y": np.ones((0, 1))}, r"y must be a row or a column .* shape \(0, 1\)"),
        (
            {**POINTS, "y": np.ones(6)},
            r"X must have 6 examples, as y has targets, along its first or last .* \(7, 2\)",
        ),
        ({**POINTS, "X": np.ones((7, 0))}, r"X must have 7 examples, .* shape \(7, 0\)"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of the name that SciPy should not write
def test_variables_that_do_not_fit_are_refused(variables, message, path):
    with pytest.raises(DataError, match=message):
        read(saved(variables), path)


def test_version_7_3_is_another_format(path):
    for userblock in (0, 512):
        with h5py.File(path, "w", userblock_size=userblock) as file:
            file["X"] = POINTS["X"]
        with pytest.raises(
            DataError, match=r"found version 7\.3, which is HDF5: save it in MATLAB"
        ):
            read_mat(path)


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", saved(POINTS, format="4")])
def test_another_format_is_refused(content, path):
    with pytest.raises(
        DataError, match=r"must be a MAT-file of version 5 to 7, found b'.*' at its"
    ):
        read(content, path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"none\.mat"):
        read_mat(tmp_path / "none.mat")


def test_the_size_is_limited_also_of_what_is_packed(path):
    content = saved({**POINTS, "zeros": np.zeros((2**20, 8))}, do_compression=True)
    assert len(content) < 2**18
    with pytest.raises(DataError, match="a MAT-file may have at most 1,000 bytes, found"):
        read(content, path, limit=1000)
    tracemalloc.start()
    with pytest.raises(DataError, match="it may unpack to at most 1,048,576 bytes, found more"):
        read(content, path, limit=2**20)
    assert tracemalloc.get_traced_memory()[1] < 2**23  # of 2**26
    tracemalloc.stop()
    assert read(content, path)[0].shape == (7, 2)


def test_an_error_of_scipy_is_one_of_the_file(path, monkeypatch):
    def fails(*arguments, **options):
        raise TypeError("no idea")

    monkeypatch.setattr(scipy.io, "loadmat", fails)
    with pytest.raises(DataError, match="X cannot be read, no idea: fetch it again"):
        read(saved(POINTS), path)
    assert mat_file.MATFile(path).variables.keys() == POINTS.keys()
