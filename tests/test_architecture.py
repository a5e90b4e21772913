"""What the source itself must obey: who imports whom, where chance comes from, that all that is public is explained."""

import ast
import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minidl

ROOT = Path(minidl.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))

# A module imports only from those before it; "" is the package itself, the door for users.
ORDER = [
    "errors",
    "_version",
    "utils",
    "initializers",
    "parameters",
    "losses",
    "penalties",
    "layers",
    "schedules",
    "optimizers",
    "batching",
    "objective",
    "data",
    "serialization",
    "training",
    "model",
    "exchange",
    "gradcheck",
    "testing",
    "plots",
    "tuning",
    "sklearn",
    "",
    "cli",
    "__main__",
]
ONLY = {"data": {"errors", "utils"}}


def name_of(path):
    parts = ("minidl", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def is_type_checking(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "TYPE_CHECKING",
        "typing.TYPE_CHECKING",
    )


def imports(path, tree, *, at_call):
    """Yield the modules of minidl that the file imports: when it is imported itself, or (at_call) inside of functions."""
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]

    def visit(node, inside):
        if is_type_checking(node):
            return
        if isinstance(node, ast.Import | ast.ImportFrom) and inside == at_call:
            yield from named(node)
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    def named(node):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            base = (
                package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            )
            base = ".".join([*base, *([node.module] if node.module else [])])
            found = [
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
                for alias in node.names
            ]
        yield from (name for name in found if name.split(".")[0] == "minidl")

    yield from visit(tree, False)


def piece(name):
    """Return the module or package of minidl that a dotted name lies in: "minidl.layers.linear" -> "layers"."""
    return name.split(".")[1] if "." in name else ""


def test_every_module_has_its_place_in_the_order():
    assert {piece(name) for name in MODULES} - {""} <= set(ORDER)


def test_no_circle_of_imports():
    graph = {name: set(imports(path, TREES[path], at_call=False)) for name, path in MODULES.items()}
    assert graph["minidl.model.sequential"] >= {"minidl.objective", "minidl.training.loop"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports run in a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize(
    "path",
    [path for name, path in MODULES.items() if piece(name) in ORDER],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_imports_run_down_the_order(path):
    own = piece(name_of(path))
    below = ONLY.get(own) or set(ORDER[: ORDER.index(own)])
    upward = {piece(name) for name in imports(path, TREES[path], at_call=False)} - below - {own}
    assert not upward, f"{own} must not import from {upward}"
    late = {
        (own, piece(name))
        for name in imports(path, TREES[path], at_call=True)
        if piece(name) not in below | {own}
    }
    assert not late, f"{late} would import upwards inside of a function"


def attribute(node):
    """Return "np.random.rand" for that expression, "" for others."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


@each_file
def test_chance_never_comes_from_the_global_stream(path):
    allowed = {"default_rng", "Generator", "RandomState", "SeedSequence", "PCG64"}
    for node in ast.walk(TREES[path]):
        for prefix in ("np.random.", "numpy.random."):
            if isinstance(node, ast.Attribute) and attribute(node).startswith(prefix):
                assert attribute(node).removeprefix(prefix).split(".")[0] in allowed, (
                    f"line {node.lineno}"
                )
        if isinstance(node, ast.Import):
            assert not {alias.name for alias in node.names} & {
                "random",
                "secrets",
                "numpy.random",
            }, f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module not in ("random", "secrets", "numpy.random"), f"line {node.lineno}"
            assert node.module != "numpy" or "random" not in {alias.name for alias in node.names}, (
                f"line {node.lineno}"
            )


def undocumented(tree, *, inherits=False):
    """Yield the public classes, functions, methods and properties without a docstring.

    A method of a class with a base may inherit its docstring.
    """
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try):
            yield from undocumented(node)
        kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        suffixes = (".setter", ".deleter", "overload")
        setter = any(ast.unparse(decorator).endswith(suffixes) for decorator in node.decorator_list)
        if not (setter or inherits or ast.get_docstring(node)):
            yield f"{node.name}, line {node.lineno}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node, inherits=bool(node.bases))


@each_file
def test_what_is_public_has_a_docstring(path):
    assert ast.get_docstring(TREES[path]), "the module has none"
    assert not list(undocumented(TREES[path]))


@pytest.mark.parametrize("name", minidl.__all__)
def test_every_public_name_is_there_and_explained(name):
    assert getattr(minidl, name).__doc__


def test_the_public_names_are_those_that_are_imported():
    bound = {
        alias.asname or alias.name
        for node in ast.walk(TREES[ROOT / "__init__.py"])
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert set(minidl.__all__) == {
        name for name in bound if name not in MODULES and f"minidl.{name}" not in MODULES
    }


@each_file
def test_no_file_is_longer_than_550_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 550


def test_import_minidl_is_light():
    code = "import json, sys, minidl; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT.parent,
        ).stdout
    )
    assert "minidl.model.sequential" in loaded
    assert not {name.split(".")[0] for name in loaded} & {
        "h5py",
        "scipy",
        "tqdm",
        "matplotlib",
        "sklearn",
    }
