"""Augmentations in words, such as "flip, shift 2, rotate 10"."""

from __future__ import annotations

from typing import Any

from ..batching.augmentation import Augmentation
from ..errors import ArgumentError
from .vocabulary import Vocabulary, Word, read_phrases

WORDS = Vocabulary(  # each makes an augmentation of its own, whose argument has the word's name
    {
        "flip": Word(lambda: Augmentation(flip=True)),
        "shift": Word(lambda pixels: Augmentation(shift=pixels), "2"),
        "rotate": Word(lambda degrees: Augmentation(rotate=degrees), "10"),
        "crop": Word(lambda share: Augmentation(crop=share), "0.8"),
    }
)


def augmentation_of_words(text: str, *, source: str, seed: int) -> Augmentation:
    """Return the augmentation that words describe.

    Parameters
    ----------
    text : str
        The words, separated by commas, in any order.
    source : str
        The option or argument that the text comes from, for errors.
    seed : int
        The source of randomness, from 0 to 2**32 - 1.

    Returns
    -------
    Augmentation
        A new one.

    Raises
    ------
    ArgumentError
        If a word is unknown, comes twice, or is followed by anything else than it takes.

    Examples
    --------
    >>> augmentation_of_words("flip, shift 2, rotate 10", source="--augment", seed=0)
    Augmentation(flip=True, shift=2, rotate=10.0)
    """
    arguments: dict[str, Any] = {}
    for phrase in read_phrases(text, source):
        alone = WORDS.call(phrase)
        if phrase.name in arguments:
            raise ArgumentError(f"{phrase.place}: {phrase.name} must be given once, got it twice")
        arguments[phrase.name] = getattr(alone, phrase.name)
    return Augmentation(**arguments, seed=seed)
