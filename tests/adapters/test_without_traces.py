"""What the code of one student leaves behind: nothing."""

import sys
import warnings

import numpy as np
import pytest

from minidl.adapters.without_traces import without_traces
from minidl.utils.random import get_global_rng_state


def test_nothing_is_shown_and_all_settings_are_restored(capsys):
    def settings():
        state = get_global_rng_state()["state"]
        options = np.geterr(), np.get_printoptions()["precision"], list(warnings.filters)
        return [state["pos"], state["key"].tolist(), *options]

    @without_traces()
    def careless():
        print("out")
        print("err", file=sys.stderr)
        np.seterr(all="raise")
        np.set_printoptions(precision=2)
        np.random.seed(3)  # noqa: NPY002
        warnings.simplefilter("ignore")
        raise KeyError

    before = settings()
    with pytest.raises(KeyError):
        careless()
    assert settings() == before
    assert capsys.readouterr() == ("", "")
