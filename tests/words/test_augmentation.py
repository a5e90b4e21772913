"""Augmentations in words."""

import inspect

import pytest

from minidl import ArgumentError, Augmentation
from minidl.words.augmentation import WORDS, augmentation_of_words


def made(text, seed=0):
    return augmentation_of_words(text, source="--augment", seed=seed)


def test_words_are_the_arguments_of_an_augmentation():
    assert {*WORDS, "seed"} == inspect.signature(Augmentation).parameters.keys()
    expected = Augmentation(flip=True, shift=2, rotate=10, crop=0.8, seed=7)
    assert repr(made("crop 0.8, flip,shift 2, rotate 10", seed=7)) == repr(expected)
    for name, word in WORDS.items():
        assert repr(made(f"{name} {word.example}")).startswith(f"Augmentation({name}=")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--augment, word 1, '': must begin with one of flip, shift, rotate, crop, got ''"),
        ("flip, shift", "--augment, word 2, 'shift': must be 'shift PIXELS', such as 'shift 2'"),
        ("flip 1", "word 1, 'flip 1': must be 'flip'"),
        ("flip, flip", "word 2, 'flip': flip must be given once, got it twice"),
        ("shift 2.5", "word 1, 'shift 2.5': shift must be an integer >= 0, got 2.5"),
        ("shift 0", "word 1, 'shift 0': Augmentation must change something"),
        ("flip, rotate 200", r"word 2, 'rotate 200': rotate must be in \[0, 180\], got 200"),
        ("mirror", "got 'mirror': write words such as 'shift 2'"),
    ],
)
def test_wrong_words_are_answered_in_a_sentence(text, message):
    with pytest.raises(ArgumentError, match=message):
        made(text)
