"""The public names of minidl: how the docstrings link to them, how they are shown, and what each must have."""

import inspect
import pkgutil
import re
from importlib import import_module

from docutils import nodes
from numpydoc.docscrape import NumpyDocString
from sphinx.domains.python import PyXRefRole
from sphinx.util.inspect import stringify_signature
from sphinx.util.logging import getLogger

import minidl

RESULTS = {
    "Check",
    "LearningRateSearch",
    "OverfitReport",
    "Report",
}  # what minidl hands out, and nobody makes: their attributes are what counts
PACKAGES = [
    "minidl",
    "minidl.data.planar",
    "minidl.plots",
    "minidl.sklearn",
    "minidl.testing",
    "minidl.tuning",
]
PACKAGES += [
    f"minidl.{part.name}"
    for part in pkgutil.iter_modules(minidl.__path__)
    if part.ispkg and part.name != "cli"
]


def names(package):
    """Return the public names of a module: those in its __all__, or its own functions and classes."""
    module = import_module(package)
    own = [
        name
        for name, held in vars(module).items()
        if getattr(held, "__module__", None) == package and name[0] != "_"
    ]
    return list(getattr(module, "__all__", own))


def objects():
    """Return every public function and class by its full name."""
    found = {
        f"{package}.{name}": getattr(import_module(package), name)
        for package in PACKAGES
        for name in names(package)
    }
    return {
        name: held
        for name, held in found.items()
        if inspect.isclass(held) or inspect.isfunction(held)
    }


def left_out(held):
    """Return the parameters that a docstring has neither under Parameters or Attributes, nor by their names in backquotes."""
    made = held.__init__ if inspect.isclass(held) else held
    if (
        not inspect.isfunction(made) or held.__name__ in RESULTS
    ):  # the first: object's own, or an exception's
        return []
    text = inspect.getdoc(held) or ""
    if re.search(r"parameters (and attributes )?are those of `\w+`", text):
        return []
    sections = NumpyDocString(text)
    told = {
        name.strip(" *")
        for title in ("Parameters", "Attributes")
        for entry in sections[title]
        for name in entry.name.split(",")
    }
    return [
        name
        for name in inspect.signature(made).parameters
        if name != "self" and name not in told and f"`{name}`" not in text
    ]


def resolve(name):
    """Return the object of a full name, None if there is none."""
    held, parts = import_module(name.partition(".")[0]), name.split(".")
    for number, part in enumerate(parts[1:], start=2):
        if not hasattr(held, part):
            try:
                import_module(".".join(parts[:number]))
            except ImportError:
                return None
        held = getattr(held, part, None)
    return held


def complain(app, env):
    """Warn of each public name that is on no page, or whose docstring leaves a parameter out: an error where warnings are errors."""
    there = {
        id(resolve(name)) for name in env.get_domain("py").objects if name.startswith("minidl.")
    }
    for name, held in objects().items():
        if id(held) not in there:
            getLogger(__name__).warning("%s is public, but on no page of the API", name)
        if lacking := left_out(held):
            getLogger(__name__).warning(
                "the docstring of %s leaves out %s", name, ", ".join(lacking)
            )


def signature(app, what, name, held, options, arguments, returns):
    """Show the arguments of __init__ where a class has a __new__ that takes anything."""
    if arguments == "(*args, **kwargs)" and what == "class":
        of = inspect.signature(held.__init__)
        own = [
            parameter
            for parameter in of.parameters.values()
            if parameter.name not in ("self", "args", "kwargs")
        ]
        return stringify_signature(
            of.replace(parameters=own), show_annotation=False, show_return_annotation=False
        ), returns
    return None


class Name(PyXRefRole):
    """A link to a name; code where it is no name, such as `.grad` or `x + 1`."""

    def run(self):
        """Return the nodes and the messages."""
        if self.text.replace(".", "_").isidentifier() and not self.text.startswith("."):
            return super().run()
        return [nodes.literal(self.rawtext, self.text)], []


def setup(app):
    """Tell Sphinx."""
    app.add_role_to_domain("py", "name", Name())
    app.connect("autodoc-process-signature", signature)
    app.connect("env-check-consistency", complain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
