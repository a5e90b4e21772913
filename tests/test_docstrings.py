"""Every public name and method has a docstring that stands alone, as numpydoc's own validator sees it."""

import inspect
from importlib import import_module

import pytest

validate = pytest.importorskip("numpydoc.validate").validate

# Undocumented, unknown or misordered parameters; no description of one; no Returns or Yields, or
# none that says what; a summary without a full stop; no docstring at all.
RULES = {"PR01", "PR02", "PR03", "PR07", "RT01", "RT03", "YD01", "SS03", "GL08"}
PACKAGES = [
    "minidl",
    "minidl.data",
    "minidl.data.planar",
    "minidl.exchange",
    "minidl.gradcheck",
    "minidl.layers",
    "minidl.plots",
    "minidl.sklearn",
    "minidl.testing",
    "minidl.training.callbacks",
    "minidl.tuning",
]


def public_names(package):
    """Return the names in `__all__`, or the module's own functions and classes."""
    module = import_module(package)
    own = [
        name
        for name, held in vars(module).items()
        if getattr(held, "__module__", None) == package and not name.startswith("_")
    ]
    return list(getattr(module, "__all__", own))


def public_objects():
    """Yield (full name, object) of each public class and function, and of each public method of these."""
    seen = set()
    for package in PACKAGES:
        for name in public_names(package):
            held = getattr(import_module(package), name)
            if id(held) in seen or not (inspect.isclass(held) or inspect.isroutine(held)):
                continue
            seen.add(id(held))
            yield f"{package}.{name}", held
            for method in public_methods(held) if inspect.isclass(held) else ():
                value = getattr(held, method)
                written = getattr(value, "__func__", value)
                # An override without a docstring inherits that of its base, where it is validated.
                if id(written) not in seen and (value.__doc__ or not inspect.getdoc(value)):
                    seen.add(id(written))
                    yield f"{package}.{name}.{method}", value


def public_methods(cls):
    """Return the public methods and properties that a class of minidl defines or inherits from another one."""
    return sorted(
        {
            name
            for base in cls.__mro__
            if base.__module__.startswith("minidl")
            for name, held in vars(base).items()
            if not name.startswith("_")
            and (inspect.isroutine(held) or isinstance(held, property | classmethod | staticmethod))
        }
    )


OBJECTS = dict(public_objects())


@pytest.mark.parametrize("name", OBJECTS)
def test_the_docstring_stands_alone(name):
    held = OBJECTS[name]
    is_class = inspect.isclass(held)
    needs_example = (is_class and not issubclass(held, BaseException)) or (
        inspect.isfunction(held) and name.rpartition(".")[0] in PACKAGES
    )
    rules = RULES | ({"EX01"} if needs_example else set())
    found = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in rules]
    assert not found, f"complete the docstring of {name}:\n" + "\n".join(found)
