"""The identity of a model's parameter vector."""

import copy
import gc
import weakref

import numpy as np

from minidl.utils.vector_identity import VectorIdentity, identity_of


def test_a_vector_is_found_by_itself_and_not_by_an_equal_one():
    vector = np.ones(3)
    identity = VectorIdentity(vector)
    assert identity_of(vector) is identity
    assert identity_of(vector.copy()) is None
    assert identity_of(vector[:]) is None


def test_a_copy_holds_no_vector_until_one_is_attached():
    identity = VectorIdentity(np.ones(3))
    twin = copy.deepcopy([identity, identity])[0]
    assert twin.vector is None
    vector = np.zeros(3)
    twin.attach(vector)
    assert identity_of(vector) is twin


def test_nothing_is_kept_alive():
    identity = VectorIdentity(np.ones(3))
    reference = weakref.ref(identity.vector)
    del identity
    gc.collect()
    assert reference() is None
