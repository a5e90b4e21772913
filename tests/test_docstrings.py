"""Every public name and method has a complete docstring, by the rules of numpydoc's validator."""

import inspect
from importlib import import_module

import pytest

validate = pytest.importorskip("numpydoc.validate").validate

# Undocumented, unknown or misordered parameters; no description of one; no Returns or Yields, or
# none that says what; a summary without a full stop; no docstring at all.
RULES = {"PR01", "PR02", "PR03", "PR07", "RT01", "RT03", "YD01", "SS03", "GL08"}
PACKAGES = [
    "minidl",
    "minidl.adapters",
    "minidl.adapters.autograd",
    "minidl.adapters.jax",
    "minidl.adapters.pytensor",
    "minidl.adapters.scipy",
    "minidl.adapters.torch",
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
    defined_names = [
        name
        for name, member in list(vars(module).items())  # a look at one may import others
        if getattr(member, "__module__", None) == package and not name.startswith("_")
    ]
    return list(getattr(module, "__all__", defined_names))


def public_objects():
    """Yield (full name, object) of each public class, function and method."""
    seen = set()
    for package in PACKAGES:
        for name in public_names(package):
            member = getattr(import_module(package), name)
            if id(member) in seen or not (inspect.isclass(member) or inspect.isroutine(member)):
                continue
            seen.add(id(member))
            yield f"{package}.{name}", member
            for method in public_methods(member) if inspect.isclass(member) else ():
                value = getattr(member, method)
                written = getattr(value, "__func__", value)
                # An override without a docstring inherits that of its base, where it is validated.
                if id(written) not in seen and (value.__doc__ or not inspect.getdoc(value)):
                    seen.add(id(written))
                    yield f"{package}.{name}.{method}", value


def public_methods(cls):
    """Return the public methods and properties of a class that minidl defines."""
    return sorted(
        {
            name
            for base in cls.__mro__
            if base.__module__.startswith("minidl")
            for name, member in vars(base).items()
            if not name.startswith("_")
            and (
                inspect.isroutine(member)
                or isinstance(member, property | classmethod | staticmethod)
            )
        }
    )


OBJECTS = dict(public_objects())


@pytest.mark.parametrize("name", OBJECTS)
def test_the_docstring_stands_alone(name):
    member = OBJECTS[name]
    is_class = inspect.isclass(member)
    needs_example = (is_class and not issubclass(member, BaseException)) or (
        inspect.isfunction(member) and name.rpartition(".")[0] in PACKAGES
    )
    rules = RULES | ({"EX01"} if needs_example else set())
    errors = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in rules]
    assert not errors, f"complete the docstring of {name}:\n" + "\n".join(errors)
