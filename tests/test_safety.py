"""What the source of minidl must not do: run what it reads, or write a file in place."""

import ast
import re
from pathlib import Path

import pytest

import minidl

ROOT = Path(minidl.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))

# Each of these modules can run code from what it reads.
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "cloudpickle",
    "dill",
    "joblib",
    "marshal",
    "shelve",
    "jsonpickle",
    "yaml",
    "code",
    "codeop",
    "runpy",
    "ctypes",
}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
WRITERS = {
    "write_text",
    "write_bytes",
    "savetxt",
    "savez",
    "savez_compressed",
    "tofile",
    "memmap",
    "to_csv",
    "mkstemp",
    "NamedTemporaryFile",
}
WRITING_MODES = set("wax+")
# Starts its file with an atomic write and then appends lines: a killed process can cut off the last
# line, never an earlier one.
LOGS = {"training/callbacks/csv_log.py"}
ATOMIC_FILES = "utils/atomic_files.py"  # the only module that writes files
HDF5_FILES = {"data/hdf5_reader.py", "data/hdf5_writer.py"}  # the latter writes into memory


def names(node):
    """Yield the modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom) and not node.level:
        yield node.module or ""


def called(node):
    """Return the name of the called function: "load" for np.load(...)."""
    if isinstance(node, ast.Call):
        return (
            node.func.id
            if isinstance(node.func, ast.Name)
            else node.func.attr
            if isinstance(node.func, ast.Attribute)
            else ""
        )
    return ""


# `attach_stub` imports modules inside of the package that it is called for: itself, see below.
PACKAGE_ARGUMENT = {"utils/lazy.py": "package"}


def is_harmless_import(node, relative):
    """Return True for a constant name, and for a module inside of the importing package."""
    name, *package = node.args
    if isinstance(name, ast.Constant):
        return True
    starts_with_dot = isinstance(name, ast.JoinedStr) and ast.unparse(name)[2] == "."
    own_package = PACKAGE_ARGUMENT.get(str(relative), "__name__")
    return starts_with_dot and [ast.unparse(argument) for argument in package] == [own_package]


def offences(tree, relative):
    """Yield each thing in a file that is not allowed."""
    for node in ast.walk(tree):
        location = f"line {getattr(node, 'lineno', '?')}"
        if modules := {name.split(".")[0] for name in names(node)} & MODULES:
            yield f"{location}: imports {modules}"
        if isinstance(node, ast.Name) and node.id in CALLS:
            yield f"{location}: names {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in CALLS - {"compile"}:
            yield f"{location}: names .{node.attr}"
        if called(node) in (
            "import_module",
            "load_module",
            "exec_module",
            "spec_from_file_location",
            "load_library",
        ) and not (called(node) == "import_module" and is_harmless_import(node, relative)):
            yield f"{location}: imports a module whose name is computed"
        if called(node) == "attach_stub" and ast.unparse(node) != "attach_stub(__name__, __file__)":
            yield f"{location}: reads the stub of another package"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield f"{location}: allow_pickle"
        if isinstance(node, ast.Constant) and node.value == "allow_pickle":
            yield f"{location}: allow_pickle"
        if called(node) in ("load", "fromfile", "genfromtxt", "loadtxt") and ast.unparse(
            node.func
        ).startswith(("np.", "numpy.")):
            yield f"{location}: reads a file by NumPy"
        if called(node) == "File" and relative not in HDF5_FILES:
            yield f"{location}: opens an HDF5 file"
        if relative != ATOMIC_FILES:
            yield from (f"{location}: {offence}" for offence in writes(node, relative))


def writes(node, relative):
    """Yield how a node could write a file in place, so that it could be left incomplete."""
    word = called(node)
    # The downloader writes into a temporary folder.
    if word in WRITERS and not (relative == "data/download.py" and word == "write_bytes"):
        yield f"{word} instead of atomic_write"
    if word == "open" and ast.unparse(node.func) == "os.open":
        if {"O_CREAT", "O_TRUNC", "O_APPEND"} & set(re.findall(r"\w+", ast.unparse(node))):
            yield "opens a file for writing: use atomic_write"
    elif word in ("open", "fdopen"):
        modes = [*node.args[1:2]] + [
            keyword.value for keyword in node.keywords if keyword.arg == "mode"
        ]
        appends = relative in LOGS and [getattr(mode, "value", "") for mode in modes] == ["ab"]
        if not appends and any(
            not isinstance(mode, ast.Constant) or set(str(mode.value)) & WRITING_MODES
            for mode in modes
        ):
            yield "opens a file for writing: use atomic_write"
    if word == "mkdir":
        yield "mkdir instead of make_folder"
    if word == "savefig" and not (
        isinstance(node.args[0], ast.Name) and node.args[0].id in ("memory", "buffer")
    ):
        yield "draws into a file: draw into memory, then atomic_write"


@each_file
def test_nothing_runs_what_it_reads_and_nothing_is_written_in_place(path):
    assert list(offences(TREES[path], path.relative_to(ROOT).as_posix())) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import joblib.numpy_pickle",
        "from marshal import loads",
        "def f():\n    import dill",
        "eval(text)",
        "run = exec",
        "builtins.eval(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "importlib.import_module(name)",
        "import_module(f'minidl.{name}')",
        "import_module(f'{name}', __name__)",
        "import_module(f'.{name}', package)",
        "import_module(name, __name__)",
        "attach_stub(__name__, path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path)",
        "f(**{'allow_pickle': True})",
        "h5py.File(path)",
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, mode)",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "path.write_text(text)",
        "np.savez(path, a=a)",
        "array.tofile(path)",
        "path.mkdir()",
        "figure.savefig(path)",
    ],
)
def test_each_offence_is_found(code):
    assert list(offences(ast.parse(code), "x.py"))


@pytest.mark.parametrize(
    "code",
    [
        "re.compile('a')",
        "import_module('minidl.plots')",
        "import_module(f'.{name}', __name__)",
        "open(path, 'rb')",
        "json.load(file)",
        "figure.savefig(memory)",
    ],
)
def test_harmless_code_is_accepted(code):
    assert list(offences(ast.parse(code), "x.py")) == []


def test_studies_write_atomically_too():
    for path in sorted((ROOT.parent / "experiments").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert [offence for node in ast.walk(tree) for offence in writes(node, path.name)] == [], (
            path.name
        )
