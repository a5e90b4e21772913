"""The checker for the conventions of other code, in one call each.

`check_course` and `grade` take the functions of a course; the modules `scipy`, `autograd`, `torch`,
`jax` and `pytensor` take what these libraries take. Each is imported when it is first used, and
imports its library when it is called.
"""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
