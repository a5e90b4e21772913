"""Runs tests on a copy of the tree in which one file is changed."""

import ast
import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

NOT_COPIED = shutil.ignore_patterns(
    ".git", "__pycache__", ".*_cache", ".hypothesis", "results", "build", "*.egg-info"
)
MAX_MEMORY = 8 * 2**30  # bytes of address space: a changed size must not take all there is


@contextmanager
def copied_tree(root):
    """Copy a tree to a temporary folder and remove it at the end; the tree itself never changes."""
    with tempfile.TemporaryDirectory(prefix="minidl-mutation-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(root, copy, symlinks=True, ignore=NOT_COPIED)
        yield copy


@contextmanager
def changed_file(tree, path, changed):
    """Replace the text of a file in a copied tree within the block."""
    file = tree / path
    original = file.read_bytes()

    def write(content):
        file.write_bytes(content)
        # Python compares time and size only: a change within a second would run what was compiled.
        compiled_files = Path(importlib.util.cache_from_source(file)).parent
        for compiled in compiled_files.glob(f"{file.stem}.*"):
            compiled.unlink()

    write(changed.encode())
    try:
        yield
    finally:
        write(original)


def run_tests(tree, tests, seconds, *options, pass_fds=()):
    """Run tests; return "noticed", "survived" or "out of time", and the last lines of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [*command, *options, *map(str, tests)],
        cwd=tree,
        env={**os.environ, **one_thread, "PYTHONPATH": str(tree)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=pass_fds,
        start_new_session=True,  # so that its children end with it
        preexec_fn=_limit_memory,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return "out of time", ""
    finally:
        _end(process)
    tail = "\n".join(output.splitlines()[-5:])
    return ("survived" if process.returncode in (0, 5) else "noticed"), tail


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def _end(process):
    """Kill a process and its children, which share its group."""
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def mirrored_tests(tree, path):
    """Return the test file of a module, if there is one, and the module with its doctests."""
    relative = Path(path).relative_to("minidl")
    mirror = Path("tests") / relative.with_name(f"test_{relative.name}")
    if relative.name == "__init__.py":
        mirror = Path("tests") / relative.parent
    is_there = (tree / mirror).exists() and mirror != Path("tests")
    return [str(mirror), path] if is_there else [path]


def wider_tests(tree, path):
    """Return the tests of what imports a module, then those of the whole, then all others."""
    module = Path(path).with_suffix("").parts
    importers = [
        file.relative_to(tree).as_posix()
        for file in sorted((tree / "minidl").rglob("*.py"))
        if module in _imported_modules(file, tree)
    ]
    tests = [test for importer in importers for test in mirrored_tests(tree, importer)]
    own_package = Path("tests", *module[1:-1])
    if own_package != Path("tests") and (tree / own_package).exists():
        tests.insert(0, str(own_package))
    tests += sorted(str(file.relative_to(tree)) for file in (tree / "tests").glob("test_*.py"))
    # Exporters, for example, import no layer.
    folders = {file.parent for file in (tree / "tests").glob("*/test_*.py")}
    tests += sorted(str(folder.relative_to(tree)) for folder in folders)
    return [test for test in dict.fromkeys(tests) if test.startswith("tests/")]


def _imported_modules(file, tree):
    """Return the modules and names that a file imports, each as its parts."""
    package = file.relative_to(tree).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = (*start, *(node.module or "").split("."))
            base = tuple(part for part in base if part)
            yield base
            yield from ((*base, alias.name) for alias in node.names)
