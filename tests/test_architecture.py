"""Rules for the source: import order, randomness, docstrings, sizes, private names, test files."""

import ast
import json
import subprocess
import sys
import tokenize
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minidl

ROOT = Path(minidl.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

pytestmark = pytest.mark.no_cover  # it reads the code, and hardly runs it

# A module imports only from those before it; "" is minidl/__init__.py.
ORDER = [
    "escaping",
    "errors",
    "_version",
    "utils",
    "initializers",
    "trained_parameters",
    "parameters",
    "buffers",
    "losses",
    "metrics",
    "penalties",
    "layers",
    "schedules",
    "optimizers",
    "batching",
    "objective",
    "drawing",
    "html_pages",
    "data",
    "serialization",
    "parallel",
    "training",
    "model",
    "exchange",
    "gradcheck",
    "testing",
    "adapters",
    "plots",
    "tuning",
    "words",
    "sklearn",
    "play",
    "",
    "cli",
    "__main__",
]
# Packages that import less than the order allows.
ONLY = {
    "data": {"drawing", "escaping", "errors", "html_pages", "utils"},
    "drawing": {"escaping", "errors", "utils"},
    "html_pages": {"drawing", "escaping", "errors", "_version", "utils"},
}
# What the modules of a folder import from the rest of its package.
WITHIN_PACKAGE = {
    "gradcheck.numeric": {"constants"},
    "gradcheck.rounding": {"constants", "numeric", "result"},
    "gradcheck.report": {"constants", "result"},
    "training.callbacks": {"history", "model_state"},
}


@cache
def tree_of(path):
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def check_each(paths, problems_of, cure):
    """Fail with the problems of all files, and the cure, if there are any."""
    problems = [
        f"{path.relative_to(ROOT.parent).as_posix()}: {problem}"
        for path in paths
        for problem in problems_of(path)
    ]
    if problems:
        pytest.fail(f"{cure}:\n" + "\n".join(problems))


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
    """Yield the modules of minidl that the file imports at its own import, or inside functions."""
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
            names = [alias.name for alias in node.names]
        else:
            parents = package.split(".")
            parents = parents[: len(parents) - node.level + 1] if node.level else []
            base = ".".join([*parents, node.module] if node.module else parents)
            names = [
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
                for alias in node.names
            ]
        yield from (name for name in names if name.split(".")[0] == "minidl")

    yield from visit(tree, False)


def piece(name):
    """Return the top module or package of a dotted name: "minidl.layers.linear" -> "layers"."""
    return name.split(".")[1] if "." in name else ""


def test_every_module_has_its_place_in_the_order():
    assert {piece(name) for name in MODULES} - {""} <= set(ORDER)


def test_imports_have_no_cycle():
    graph = {
        name: set(imports(path, tree_of(path), at_call=False)) for name, path in MODULES.items()
    }
    assert graph["minidl.model.sequential"] >= {"minidl.objective", "minidl.model.evaluation"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports form a cycle: {' -> '.join(error.args[1])}")


def test_imports_run_down_the_order():
    def upward(path):
        package = piece(name_of(path))
        allowed = ONLY.get(package) or set(ORDER[: ORDER.index(package)])
        for at_call, place in ((False, ""), (True, " inside a function")):
            imported = {piece(name) for name in imports(path, tree_of(path), at_call=at_call)}
            for other in imported - allowed - {package}:
                yield f"{package} must not import from {other}{place}"

    modules = [path for name, path in MODULES.items() if piece(name) in ORDER]
    check_each(modules, upward, "move what is shared to a package further down")


@pytest.mark.parametrize("folder", WITHIN_PACKAGE)
def test_imports_run_down_within_a_package(folder):
    package = f"minidl.{folder.split('.')[0]}."
    prefix = f"minidl.{folder}"
    for name, path in MODULES.items():
        if name != prefix and not name.startswith(f"{prefix}."):
            continue
        siblings = {
            imported.removeprefix(package).split(".")[0]
            for imported in imports(path, tree_of(path), at_call=False)
            if imported.startswith(package) and not imported.startswith(prefix)
        }
        upward = siblings - WITHIN_PACKAGE[folder]
        assert not upward, f"{name} must not import from {upward} of its package"


def attribute(node):
    """Return "np.random.rand" for that expression, "" for others."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


GENERATORS = {"random", "secrets", "numpy.random"}


def global_generators(path):
    """Yield the lines of a file that use or import a global random generator."""
    allowed = {"default_rng", "Generator", "RandomState", "SeedSequence", "PCG64"}
    if path == ROOT / "utils" / "random.py":
        allowed |= {"get_state", "set_state"}  # to leave it as it was, not to draw
    for node in ast.walk(tree_of(path)):
        names = {alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)}
        if isinstance(node, ast.Attribute):
            library, _, name = attribute(node).partition(".random.")
            found = library in ("np", "numpy") and name and name.split(".")[0] not in allowed
        elif isinstance(node, ast.Import):
            found = names & GENERATORS
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found = node.module in GENERATORS or (node.module == "numpy" and "random" in names)
        else:
            found = False
        if found:
            yield f"line {node.lineno}"


def test_random_numbers_never_come_from_the_global_generator():
    check_each(FILES, global_generators, "pass a generator as an argument")


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


def test_what_is_public_has_a_docstring():
    def without(path):
        if not ast.get_docstring(tree_of(path)):
            yield "the module"
        yield from undocumented(tree_of(path))

    check_each(FILES, without, "add the docstrings")


@pytest.mark.parametrize("name", minidl.__all__)
def test_every_public_name_exists_and_has_a_docstring(name):
    assert getattr(minidl, name).__doc__


def test_editors_see_the_packages_that_are_searched():
    starred = {
        node.module
        for node in ast.walk(tree_of(ROOT / "__init__.py"))
        if isinstance(node, ast.ImportFrom) and node.level and node.names[0].name == "*"
    }
    assert starred == set(minidl._PACKAGES), "add the package to both lists in minidl/__init__.py"


def test_dir_lists_every_public_name():
    assert {*minidl.__all__, "data", "exchange", "plots", "sklearn", "testing"} <= set(dir(minidl))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'minidl' has no attribute 'Nothing'"):
        minidl.Nothing  # noqa: B018


def loaded_by(code):
    """Return the modules that are loaded after `code`."""
    code = f"import json, sys; {code}; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT.parent)
    return set(json.loads(process.stdout))


def test_import_minidl_loads_nothing():
    modules = loaded_by("import minidl")
    assert {name for name in modules if name.startswith("minidl")} == {"minidl", "minidl._version"}
    assert "numpy" not in modules


def test_a_model_loads_only_what_training_needs():
    names = "Sequential, Linear, ReLU, Sigmoid, BinaryCrossEntropy, Adam"
    modules = loaded_by(f"from minidl import {names}")
    assert "minidl.model.sequential" in modules
    libraries = {name.split(".")[0] for name in modules}
    assert not libraries & {"h5py", "scipy", "tqdm", "matplotlib", "sklearn"}
    packages = {name.split(".")[1] for name in modules if name.startswith("minidl.")}
    assert not packages & {"gradcheck", "exchange", "plots", "tuning", "testing", "cli"}


# Size, line length, private names, mirrored tests.
MAX_FILE, MAX_CLASS, MAX_FUNCTION = 300, 150, 50  # lines of code
MAX_COLUMNS = 100
TEXT_FREE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


def code_lines(path):
    """Return the numbers of the lines that hold code: no docstrings, comments or blank lines."""
    with tokenize.open(path) as file:
        tokens = list(tokenize.generate_tokens(file.readline))
    lines = {
        line
        for token in tokens
        if token.type not in TEXT_FREE and token.string
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(tree_of(path)):
        documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            lines -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def too_long(path):
    """Yield what has too many lines of code in a file."""
    lines = code_lines(path)
    if len(lines) > MAX_FILE:
        yield f"the file has {len(lines)} lines of code, at most {MAX_FILE} are allowed"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ClassDef):
            limit = MAX_CLASS
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = MAX_FUNCTION
        else:
            continue
        length = len(lines & set(range(node.lineno, node.end_lineno + 1)))
        if length > limit:
            yield (
                f"line {node.lineno}: {node.name} has {length} lines of code, "
                f"at most {limit} are allowed"
            )


def test_files_classes_and_functions_are_short():
    cure = "split what is too long; docstrings, comments and blank lines do not count"
    check_each(FILES, too_long, cure)


def python_pages():
    """Yield the Python files of the project and the Markdown pages with Python blocks."""
    for folder in ("minidl", "tests", "experiments", "docs"):
        yield from sorted((ROOT.parent / folder).rglob("*.py"))
    yield ROOT.parent / "README.md"
    yield from sorted((ROOT.parent / "docs").rglob("*.md"))


def python_lines(path):
    """Yield (number, text) of each line of Python in a file or in the fenced blocks of a page."""
    numbered = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    if path.suffix == ".py":
        yield from numbered
        return
    inside = False
    for number, line in numbered:
        if line.startswith("```"):
            inside = line.strip() == "```python"
        elif inside:
            yield number, line


def test_no_line_is_wider_than_100_columns():
    def wide(path):
        for number, line in python_lines(path):
            if len(line) > MAX_COLUMNS:
                yield f"line {number} has {len(line)} columns"

    cure = f"break the lines of more than {MAX_COLUMNS} columns, strings and comments too"
    check_each(python_pages(), wide, cure)


# Private names of other libraries that have no public counterpart, each with the reason.
FOREIGN_PRIVATE = {
    "_check_sample_weight": "scikit-learn has no public function that validates sample weights",
    "_fields": "public: typing.NamedTuple documents it, the underscore only avoids clashes",
    "_replace": "public: typing.NamedTuple documents it, the underscore only avoids clashes",
    "_make": "public: typing.NamedTuple documents it, the underscore only avoids clashes",
    "_asdict": "public: typing.NamedTuple documents it, the underscore only avoids clashes",
}


def is_private(name):
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def bound_names(tree):
    """Return the private names that a module defines itself: as variable, function or attribute."""
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            bound |= {node.attr} if ast.unparse(node.value) in ("self", "cls") else set()
    return bound


def private_names_of_others(tree):
    """Yield each use of a private name that another module defines.

    A class may use the private attributes of its bases through `self`, `cls` or `super()`.
    """
    allowed_names = bound_names(tree) | set(FOREIGN_PRIVATE)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                is_module = f"minidl.{alias.name}" in MODULES and node.level
                if is_private(alias.name) and alias.name not in allowed_names and not is_module:
                    yield f"line {node.lineno}: from {node.module} import {alias.name}"
            continue
        if (
            not isinstance(node, ast.Attribute)
            or node.attr in allowed_names
            or not is_private(node.attr)
        ):
            continue
        if ast.unparse(node.value) not in ("self", "cls", "super()"):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_no_private_name_of_another_module_is_used():
    cure = "give the other module a public name for what is needed there"
    check_each(FILES, lambda path: private_names_of_others(tree_of(path)), cure)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("from .other import _name", 1),
        ("from .other import name, _name as public", 1),
        ("def f(model): return model._layers", 1),
        ("class A:\n def f(self): return self._base + super()._base + type(self).__name__", 0),
        ("class A:\n def __init__(self): self._x = 1\n def __eq__(self, b): return b._x == 1", 0),
        ("class A:\n _x = 1\ndef f(a): return a._x", 0),
        ("from sklearn.utils.validation import _check_sample_weight", 0),
    ],
)
def test_private_names_are_found(code, count):
    assert len(list(private_names_of_others(ast.parse(code)))) == count


# Modules without a test file of the same name, each with the reason.
WITHOUT_TESTS = {
    "minidl/__main__.py": "one call of the command line, which tests/cli runs",
    "minidl/_version.py": "one constant",
    "minidl/gradcheck/functions/constants.py": "constants, which gradcheck/test_constants.py reads",
    "minidl/gradcheck/numeric/constants.py": "constants, which gradcheck/test_constants.py reads",
    "minidl/sklearn/targets.py": "a tuple, no code",
    "minidl/utils/typing.py": "names of types, no code",
}


def mirror_of(path):
    """Return the file whose tests are those of a module: layers/relu.py -> layers/test_relu.py."""
    relative = path.relative_to(ROOT)
    return ROOT.parent / "tests" / relative.with_name(f"test_{relative.name}")


def test_every_module_has_its_test_file():
    def missing(path):
        name = path.relative_to(ROOT.parent).as_posix()
        if not mirror_of(path).exists() and name not in WITHOUT_TESTS:
            yield f"no file {mirror_of(path).relative_to(ROOT.parent)}"

    cure = "add the test file of this module, or the module to WITHOUT_TESTS with a reason"
    check_each([path for path in FILES if path.name != "__init__.py"], missing, cure)


def test_modules_without_tests_exist():
    gone = [name for name in WITHOUT_TESTS if not (ROOT.parent / name).exists()]
    assert not gone, f"remove from WITHOUT_TESTS: {', '.join(gone)}"
