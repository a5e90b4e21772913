from minidl.utils.environment import fingerprint


def test_the_fingerprint_names_what_the_last_digits_depend_on():
    assert sorted(fingerprint()) == ["blas", "minidl", "numpy", "processor", "threads"]
    assert all(isinstance(value, str) and value for value in fingerprint().values())
