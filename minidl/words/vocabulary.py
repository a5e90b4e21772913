"""Words with what follows them, such as "conv 8 3 padding=same": read, and turned into a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, NamedTuple

from ..errors import ArgumentError


class Word(NamedTuple):
    """A word that stands for a call.

    Attributes
    ----------
    make : callable
        What is called with the values that follow the word.
    example : str, default ""
        What may follow the word.
    given : tuple of str, default ()
        Parameters of `make` for which there are no values in words.
    """

    make: Callable[..., Any]
    example: str = ""
    given: tuple[str, ...] = ()

    def signature(self) -> inspect.Signature:
        """Return the signature of `make`, without what is given."""
        signature = inspect.signature(self.make)
        others = [p for p in signature.parameters.values() if p.name not in self.given]
        return signature.replace(parameters=others)


class Phrase(NamedTuple):
    """A word with its values, as somebody wrote it.

    Attributes
    ----------
    text : str
        All of it.
    place : str
        Where it stands, for errors.
    """

    text: str
    place: str

    @property
    def name(self) -> str:
        """The word itself."""
        return self.text.partition(" ")[0]


def read_phrases(text: str, source: str) -> list[Phrase]:
    """Return the phrases of a text, which are separated by commas.

    Parameters
    ----------
    text : str
        The text.
    source : str
        The option or argument that it comes from, for errors.

    Returns
    -------
    list of Phrase
        At least one, in which words are separated by one space; an empty one has the name "".

    Examples
    --------
    >>> [phrase.place for phrase in read_phrases("conv 8  3, relu", "--net")]
    ["--net, word 1, 'conv 8 3'", "--net, word 2, 'relu'"]
    """
    texts = [" ".join(part.split()) for part in text.split(",")]
    return [
        Phrase(part, f"{source}, word {number}, {part!r}") for number, part in enumerate(texts, 1)
    ]


class Vocabulary(dict[str, Word]):
    """Words by name.

    Parameters
    ----------
    words : mapping of str to Word
        The words.

    Examples
    --------
    >>> words = Vocabulary({"scale": Word(lambda factor, *, axis=-1: (factor, axis), "2")})
    >>> words.usage("scale")
    'scale FACTOR [axis=-1]'
    >>> words.call(Phrase("scale 3 axis=0", "here"))
    (3, 0)
    """

    def call(self, phrase: Phrase, given: Mapping[str, Any] | None = None) -> Any:
        """Return what the word of a phrase makes.

        Parameters
        ----------
        phrase : Phrase
            The word and its values.
        given : mapping of str to object, optional
            Arguments of the word's `given`.

        Returns
        -------
        object
            What its `make` returns.

        Raises
        ------
        ArgumentError
            If the word is unknown or followed by anything else than it takes. The message has the
            place, what is expected, and an example.
        """
        if phrase.name not in self:
            raise ArgumentError(
                f"{phrase.place}: must begin with one of {', '.join(self)}, got {phrase.name!r}: "
                f"{self._cure(phrase.name)}"
            )
        word = self[phrase.name]
        example = f"such as {f'{phrase.name} {word.example}'!r}" if word.example else ""
        values, options = _read_values(phrase)
        try:
            bound = word.signature().bind(*values, **options)
        except TypeError:
            usage = f"{phrase.place}: must be {self.usage(phrase.name)!r}"
            raise ArgumentError(f"{usage}, {example}" if example else usage) from None
        for name, value in bound.arguments.items():
            is_truth = isinstance(bound.signature.parameters[name].default, bool)
            if is_truth and not isinstance(value, bool):
                raise ArgumentError(f"{phrase.place}: {name} must be true or false, got {value!r}")
        try:
            return word.make(**(given or {}), **bound.arguments)
        except ArgumentError as error:
            cure = f"; write words {example}" if example else ""
            raise ArgumentError(f"{phrase.place}: {error}{cure}") from None

    def usage(self, name: str) -> str:
        """Return a word with what follows it: capitals for values, brackets for what may."""
        parts = [name]
        for parameter in self[name].signature().parameters.values():
            is_keyword = parameter.kind is parameter.KEYWORD_ONLY
            default = parameter.default
            text = parameter.name.upper()
            if is_keyword:
                shown = "..." if default is None else str(default).lower()
                text = f"{parameter.name}={shown}"
            parts.append(text if default is parameter.empty else f"[{text}]")
        return " ".join(parts)

    def _cure(self, name: str) -> str:
        """Return what to write for an unknown word: one that is like it, or makes what it names."""
        known = {word.make.__name__.lower(): other for other, word in self.items()}
        known |= {other.replace("-", ""): other for other in self}
        plain = name.lower().replace("-", "").replace("_", "")
        similar = get_close_matches(plain, known, n=1)
        similar += sorted((each for each in known if plain.startswith(each)), key=len)[-1:]
        if similar:
            return f"write {known[similar[0]]!r}?"
        examples = (f"{other} {word.example}" for other, word in self.items() if word.example)
        return f"write words such as {next(examples)!r}"


def _read_values(phrase: Phrase) -> tuple[list[Any], dict[str, Any]]:
    """Return the values of a phrase: those without a name, and those with one."""
    values: list[Any] = []
    options: dict[str, Any] = {}
    for part in phrase.text.split()[1:]:
        key, is_option, value = part.partition("=")
        if not is_option:
            values.append(_read_value(part))
        elif key in options:
            raise ArgumentError(f"{phrase.place}: {key} must be given once, got it twice")
        else:
            options[key] = _read_value(value)
    return values, options


def _read_value(text: str) -> Any:
    """Return a number, true or false, sizes such as 3x5, or else the text itself."""
    truth = {"true": True, "false": False}
    if text.lower() in truth:
        return truth[text.lower()]
    for read in (int, float, _read_sizes):
        with suppress(ValueError):
            return read(text)
    return text


def _read_sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("x")))
