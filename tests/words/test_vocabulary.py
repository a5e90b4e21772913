"""Words with values: how they are read, and what is answered to wrong ones."""

import pytest

from minidl import ArgumentError
from minidl.words.vocabulary import Phrase, Vocabulary, Word, read_phrases


class Pool2D:
    def __init__(self, width, size, factor=1.0, *, side="left", stride=None, last=False):
        if size == 0:
            raise ArgumentError("size must be >= 1, got 0")
        self.arguments = (width, size, factor, side, stride, last)


WORDS = Vocabulary({"pool": Word(Pool2D, "2 last=true", ("width",)), "drop-out": Word(lambda: 7)})


def call(text):
    return WORDS.call(read_phrases(text, "--net")[0], {"width": 9})


def test_phrases_are_separated_by_commas_and_know_their_place():
    phrases = read_phrases(" a  1 b=2,,c", "--net")
    assert phrases == [
        Phrase("a 1 b=2", "--net, word 1, 'a 1 b=2'"),
        Phrase("", "--net, word 2, ''"),
        Phrase("c", "--net, word 3, 'c'"),
    ]
    assert [phrase.name for phrase in phrases] == ["a", "", "c"]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("pool 3", (9, 3, 1.0, "left", None, False)),
        ("pool 3 0.5 side=right stride=2x-4 last=TRUE", (9, 3, 0.5, "right", (2, -4), True)),
        ("pool size=1e2 last=false", (9, 100.0, 1.0, "left", None, False)),
    ],
)
def test_values_are_numbers_truths_sizes_and_texts(text, arguments):
    made = call(text).arguments
    assert made == arguments
    assert [type(value) for value in made] == [type(value) for value in arguments]


def test_a_word_without_values():
    assert WORDS.call(read_phrases("drop-out", "--net")[0]) == 7


def test_the_usage_shows_what_must_and_what_may_follow():
    usage = "pool SIZE [FACTOR] [side=left] [stride=...] [last=false]"
    assert [WORDS.usage(name) for name in WORDS] == [usage, "drop-out"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--net, word 1, '': must begin with one of pool, drop-out, got '': write words such "),
        ("dense 4", "'dense 4': must begin with .*, got 'dense': write words such as 'pool 2 last"),
        ("Pool 4", r"got 'Pool': write 'pool'\?"),
        ("pool2d 4", r"got 'pool2d': write 'pool'\?"),
        ("pooling-of-maxima 2", r"got 'pooling-of-maxima': write 'pool'\?"),
        ("dropout", r"got 'dropout': write 'drop-out'\?"),
        ("pool", r"--net, word 1, 'pool': must be 'pool SIZE \[.*, such as 'pool 2 last=true'"),
        ("pool 1 2 3", r"'pool 1 2 3': must be 'pool SIZE"),
        ("pool 1 sid=left", "'pool 1 sid=left': must be 'pool SIZE"),
        ("pool 1 =left", "'pool 1 =left': must be 'pool SIZE"),
        ("pool 1 width=2", "'pool 1 width=2': must be 'pool SIZE"),
        ("drop-out 1", "word 1, 'drop-out 1': must be 'drop-out'$"),
        ("pool 1 last=1", "'pool 1 last=1': last must be true or false, got 1"),
        ("pool 1 side=a side=b", "'pool 1 side=a side=b': side must be given once, got it twice"),
        ("pool 0", "'pool 0': size must be >= 1, got 0; write words such as 'pool 2 last=true'"),
    ],
)
def test_wrong_words_are_answered_with_the_place_the_rule_and_an_example(text, message):
    with pytest.raises(ArgumentError, match=message):
        call(text)
