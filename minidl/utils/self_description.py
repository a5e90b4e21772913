"""The base of layers, losses and penalties, which describe themselves to other tools."""

from __future__ import annotations

from typing import Any, ClassVar


class SelfDescribing:
    """Base of layers, losses and penalties, which describe themselves.

    A description holds for the class that defines it and is never inherited: a subclass may
    compute something else, and then its base's formula would be wrong.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("formula",)
    """The names of the methods and attributes that are not inherited."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.descriptions:
            if name not in vars(cls):
                definitions = [vars(base)[name] for base in cls.__mro__ if name in vars(base)]
                setattr(
                    cls, name, definitions[-1]
                )  # the default, from the root of the class hierarchy

    def formula(self) -> tuple[str, str]:
        """Return the formulas of the forward and the backward pass, as `explain` prints them.

        A subclass does not inherit it. By default the forward formula is the first line of the
        class's docstring.

        Returns
        -------
        forward : str
            What the forward pass computes, such as "y = max(x, 0)".
        backward : str
            The gradient, such as "dx = dy where x > 0, else 0".
        """
        docstring = (type(self).__doc__ or "").strip()
        summary = docstring.splitlines()[0] if docstring else NO_DOCSTRING
        return summary[:100], "computed by its own code"


NO_DOCSTRING = "its class has no docstring that states a formula"
