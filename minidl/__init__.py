"""minidl: deep learning whose every gradient is written by hand, and proved right.

Each package lists its public names in its `__all__`; they are all available here. A package is
imported when one of its names is first used, so that a program waits only for what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

if TYPE_CHECKING:  # for editors and type checkers; see `_PACKAGES`
    from .batching import *
    from .buffers import *
    from .errors import *
    from .gradcheck import *
    from .initializers import *
    from .layers import *
    from .losses import *
    from .metrics import *
    from .model import *
    from .optimizers import *
    from .parallel import *
    from .parameters import *
    from .penalties import *
    from .schedules import *
    from .training.callbacks import *
    from .training.history import *
    from .tuning import *

# In the order in which they are searched for a name. The first ones list their names in a stub file
# and import nothing before a name is used.
_PACKAGES = (
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "schedules",
    "batching",
    "model",
    "training.callbacks",
    "gradcheck",
    "tuning",
    "parallel",
    "errors",
    "initializers",
    "parameters",
    "buffers",
    "penalties",
    "training.history",
)
_MODULES = (
    "training",
    *(name for name in _PACKAGES if "." not in name),
    "adapters",
    "data",
    "exchange",
    "plots",
    "sklearn",
    "testing",
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name == "__all__":
        packages = [import_module(f".{package}", __name__) for package in _PACKAGES]
        return ["__version__", *(name for package in packages for name in package.__all__)]
    if not name.startswith("_"):
        for package_name in _PACKAGES:
            package = import_module(f".{package_name}", __name__)
            if name in package.__all__:
                value = globals()[name] = getattr(package, name)
                return value
        from .utils.foreign_words import cure_for_name

        cure = cure_for_name(name, __getattr__("__all__"))
        if cure:  # `from minidl import Dense` would replace the message of an AttributeError
            raise ImportError(f"minidl has no {name}{cure}", name=name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__"), *_MODULES})
