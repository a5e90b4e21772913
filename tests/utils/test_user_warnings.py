import warnings
from pathlib import Path

from minidl.utils.user_warnings import warn_user


def test_the_warning_points_at_the_line_outside_of_the_package():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_user("look here", RuntimeWarning)
    (warning,) = caught
    assert warning.category is RuntimeWarning
    assert str(warning.message) == "look here"
    assert Path(warning.filename) == Path(__file__)
