"""The augmentation of an estimator: words or an object, and where its seed comes from."""

import numpy as np
import pytest
from sklearn.base import clone

from minidl import ArgumentError, Augmentation, ShapeError
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.augmentation import new_augmentation

PICTURES = np.random.default_rng(0).random((30, 6, 5, 2))
LABELS = np.arange(30) % 3


def classifier(**options):
    settings = {"layers": "conv 2 3, relu, flatten, linear 3", "augment": "flip, shift 1"}
    return MinidlClassifier(**settings | {"max_iter": 2, "random_state": 0} | options)


def theta(estimator):
    return estimator.model_.parameters.theta


def made(augment, seed=0, n_epochs=0):
    return new_augmentation(augment, PICTURES.shape, np.random.default_rng(seed), n_epochs)


def test_words_get_their_seed_from_the_random_state():
    augment = made("flip, rotate 10")
    assert (augment.flip, augment.rotate) == (True, 10)
    assert augment.seed == made("flip, rotate 10").seed != made("flip, rotate 10", seed=1).seed
    assert made(None) is None


def test_an_object_keeps_its_own_and_is_not_changed():
    augment = Augmentation(flip=True, seed=7)
    assert repr(made(augment, seed=1)) == repr(augment)
    made(augment, n_epochs=3)
    assert augment.seed == 7


@pytest.mark.parametrize("augment", ["flip", Augmentation(flip=True, seed=2**32 - 1)])
def test_a_training_that_goes_on_has_another_seed_in_each_epoch(augment):
    seeds = [made(augment, n_epochs=n_epochs).seed for n_epochs in range(4)]
    assert len({*seeds}) == 4
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_pictures_are_changed_in_training_only():
    fitted = classifier().fit(PICTURES, LABELS)
    np.testing.assert_array_equal(theta(fitted), theta(clone(fitted).fit(PICTURES, LABELS)))
    assert (theta(fitted) != theta(classifier(augment=None).fit(PICTURES, LABELS))).any()
    np.testing.assert_array_equal(fitted.predict_proba(PICTURES), fitted.model_.predict(PICTURES))
    values = PICTURES.mean(axis=(1, 2))
    options = {"layers": "flatten, linear 2", "augment": Augmentation(crop=0.8), "max_iter": 1}
    assert MinidlRegressor(**options).fit(PICTURES, values).n_iter_ == 1


def test_partial_fits_see_other_pictures():
    seen = []

    class Recorded(Augmentation):
        def __call__(self, x, **arguments):
            seen.append(self.seed)
            return super().__call__(x, **arguments)

    estimator = classifier(augment=Recorded(flip=True), warm_start=True)
    estimator.fit(PICTURES, LABELS).partial_fit(PICTURES, LABELS).partial_fit(PICTURES, LABELS)
    assert seen == [0, 0, 2, 3]
    estimator.set_params(augment=None).fit(PICTURES, LABELS)  # read anew by each fit
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ("flop", r"^augment, word 1, 'flop': must begin with one of flip, .*: write 'flip'\?"),
        (Augmentation, r"augment must be words such as \"flip, shift 2\", or an Augmentation, got"),
        (True, "augment must be words such as .*, got True"),
        ("shift 5", "shift must be smaller than the pictures, got 5 for 6 x 5 pixels"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_changes(augment, message):
    estimator = classifier(augment=augment)
    with pytest.raises((ArgumentError, ShapeError), match=message):
        estimator.fit(PICTURES, LABELS)
    assert not hasattr(estimator, "model_")


def test_rows_and_tokens_are_no_pictures():
    for rows in (PICTURES.reshape(30, -1), np.arange(60).reshape(30, 2)):
        with pytest.raises(
            ShapeError, match=r"augment takes pictures of shape \(m, h, w, c\), got"
        ):
            MinidlClassifier(augment="flip").fit(rows, LABELS)
