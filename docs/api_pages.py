"""The pages of the API, made from the `__all__` of the packages: a new name needs no line here."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

from docutils import nodes
from numpydoc.xref import DEFAULT_LINKS
from sphinx.domains.python import PyXRefRole
from sphinx.util.docutils import SphinxDirective
from sphinx.util.inspect import stringify_signature

# Page of docs/api -> (heading in the index, the packages whose names it explains).
PAGES = {
    "model": (
        "A model",
        [
            "minidl.model",
            "minidl.training.history",
            "minidl.parameters",
            "minidl.buffers",
            "minidl.batching",
            "minidl.parallel",
        ],
    ),
    "layers": ("Layers", ["minidl.layers"]),
    "losses": ("Losses and penalties", ["minidl.losses", "minidl.penalties"]),
    "metrics": ("Metrics", ["minidl.metrics"]),
    "optimizers": (
        "Optimizers, schedules, initializers",
        ["minidl.optimizers", "minidl.schedules", "minidl.initializers"],
    ),
    "callbacks": ("Callbacks and checkpoints", ["minidl.training.callbacks"]),
    "tuning": ("Before a long training", ["minidl.tuning"]),
    "gradcheck": ("Gradient checking", ["minidl.gradcheck"]),
    "adapters": (
        "Adapters",
        [
            "minidl.adapters",
            "minidl.adapters.scipy",
            "minidl.adapters.autograd",
            "minidl.adapters.torch",
            "minidl.adapters.jax",
            "minidl.adapters.pytensor",
        ],
    ),
    "testing": ("Tests for custom parts", ["minidl.testing"]),
    "data": ("Data", ["minidl.data", "minidl.data.planar"]),
    "plots": ("Plots", ["minidl.plots"]),
    "exchange": ("Other programs", ["minidl.exchange"]),
    "sklearn": ("Estimators for scikit-learn", ["minidl.sklearn"]),
    "errors": ("Errors", ["minidl.errors"]),
}


ARRAY_LIKE = "https://numpy.org/doc/stable/glossary.html#term-array_like"
# Words that the docstrings use for types -> what they link to in the documentation of others.
OTHER_TYPES = {
    **{name: name for name in ("bool", "bytes", "dict", "float", "int", "list", "set", "slice")},
    **{name: name for name in ("str", "tuple", "object", "callable", "None", "True", "False")},
    **{name: name for name in ("BaseException", "NotImplementedError", "OSError", "ValueError")},
    "sequence": "collections.abc.Sequence",
    "iterable": "collections.abc.Iterable",
    "mapping": "collections.abc.Mapping",
    "path": "pathlib.Path",
    "Path": "pathlib.Path",
    "pathlib.Path": "pathlib.Path",
    "ndarray": "numpy.ndarray",
    "numpy.dtype": "numpy.dtype",
    "numpy.random.Generator": "numpy.random.Generator",
    "numpy.random.RandomState": "numpy.random.RandomState",
    **{name: f"numpy.{name}" for name in ("float32", "float64", "int64", "uint8")},
    "matplotlib.axes.Axes": "matplotlib.axes.Axes",
    "matplotlib.figure.Figure": "matplotlib.figure.Figure",
    "mpi4py.MPI.Intracomm": "mpi4py.MPI.Intracomm",
    "sklearn.exceptions.NotFittedError": "sklearn.exceptions.NotFittedError",
}


def public_names(package):
    """Return the full names of the classes and functions in a package's `__all__`, bases first."""
    module, minidl = import_module(package), import_module("minidl")
    values = {name: getattr(module, name) for name in module.__all__}
    values = {
        name: value
        for name, value in values.items()
        if inspect.isclass(value) or inspect.isfunction(value)
    }
    classes = {name: value for name, value in values.items() if inspect.isclass(value)}
    bases = {
        name: len(value.__mro__)
        for name, value in classes.items()
        if any(value in other.__mro__[1:] for other in classes.values())
    }
    ordered = sorted(bases, key=bases.get)
    ordered += [name for name in values if name not in bases]
    top_level = set(minidl.__all__)
    return [f"minidl.{name}" if name in top_level else f"{package}.{name}" for name in ordered]


def resolve(full_name):
    """Return the object of a full name."""
    module, _, name = full_name.rpartition(".")
    return getattr(import_module(module), name)


def type_links():
    """Return the words of the docstrings that are types, each with the role that links it."""
    packages = [package for _, packages in PAGES.values() for package in packages]
    names = [name for package in packages for name in public_names(package)]
    links = {name.rpartition(".")[2]: name for name in names} | OTHER_TYPES
    roles = {word: f":obj:`{word} <{name}>`" for word, name in links.items()}
    plain = {word: word for word in DEFAULT_LINKS}  # numpydoc's own need whole inventories
    return plain | roles | {"array_like": f"`array_like <{ARRAY_LIKE}>`__"}


def documented_members(cls):
    """Return the public methods and properties that a class itself defines with a docstring."""
    functions = {}
    for name, member in vars(cls).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if inspect.isfunction(function):
            functions[name] = function
    return [
        name
        for name, function in functions.items()
        if (not name.startswith("_") or name == "__call__")
        and function.__doc__
        and function.__qualname__ == f"{cls.__qualname__}.{name}"
    ]


class PublicNames(SphinxDirective):
    """``.. public-names:: PAGE`` explains every public name of a page's packages."""

    required_arguments = 1
    has_content = False

    def run(self):
        """Return the nodes of the explanations."""
        _, packages = PAGES[self.arguments[0]]
        lines = []
        for full_name in [name for package in packages for name in public_names(package)]:
            value = resolve(full_name)
            if inspect.isclass(value):
                lines += [f".. autoclass:: {full_name}"]
                members = documented_members(value)
                lines += [f"   :members: {', '.join(members)}"] if members else []
            else:
                lines += [f".. autofunction:: {full_name}"]
            lines += ["", *picture(full_name.rpartition(".")[2]), ""]
        return self.parse_text_to_nodes("\n".join(lines))


def picture(name):
    """Return the picture of a function of `minidl.plots` that has a script in the gallery."""
    script = Path(__file__).parent / "galleries" / "plots" / f"plot_{name}.py"
    if not script.exists():
        return []
    words = summary(script)
    lines = [f".. figure:: /plots/images/sphx_glr_plot_{name}_001.png", f"   :alt: {words}", ""]
    lines += [f"   {words} :doc:`Its code </plots/plot_{name}>`."]
    return [f"   {line}" for line in lines]


def summary(script):
    """Return what the docstring of a script of a gallery says below its title, in one line."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    return " ".join(text.partition("\n\n")[2].split())


class PublicIndex(SphinxDirective):
    """``.. public-index::`` lists every public name with its summary, page by page."""

    has_content = False

    def run(self):
        """Return the nodes of the lists."""
        lines = []
        for heading, packages in PAGES.values():
            names = [name for package in packages for name in public_names(package)]
            lines += [f".. rubric:: {heading}", "", ".. autosummary::", "   :nosignatures:", ""]
            lines += [f"   ~{name}" if name.count(".") == 1 else f"   {name}" for name in names]
            lines += [""]
        return self.parse_text_to_nodes("\n".join(lines))


def show_init_signature(app, what, name, value, options, arguments, returns):
    """Show the arguments of `__init__` for a class with a `__new__` that accepts anything."""
    if what != "class" or arguments != "(*args, **kwargs)":
        return None
    signature = inspect.signature(value.__init__)
    parameters = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "args", "kwargs")
    ]
    signature = signature.replace(parameters=parameters)
    text = stringify_signature(signature, show_annotation=False, show_return_annotation=False)
    return text, returns


class NameRole(PyXRefRole):
    """A link to a name; code where the text is not a name, such as `.grad` or `x + 1`."""

    def run(self):
        """Return the nodes and the messages."""
        if re.fullmatch(r"[A-Za-z_][\w.]*", self.text):
            return super().run()
        return [nodes.literal(self.rawtext, self.text)], []


def setup(app):
    """Register the directives, the role and the event handler."""
    app.add_directive("public-names", PublicNames)
    app.add_directive("public-index", PublicIndex)
    app.add_role_to_domain("py", "name", NameRole())
    app.connect("autodoc-process-signature", show_init_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
