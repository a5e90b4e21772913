"""Random changes to modules, spread over their lines of code, most of them made by Cosmic Ray."""

import ast
import difflib
import tokenize
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

TEXT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
# They need settings of their own.
LEFT_OUT = ("VariableReplacer", "VariableInserter")


class Change(NamedTuple):
    """One change to one file: its path in the tree, and what makes and shows it."""

    path: str
    line: int
    operator: str
    occurrence: int
    changed: str  # the whole text

    @property
    def key(self):
        """What identifies the change in a file of results."""
        return f"{self.path}:{self.line}:{self.operator}:{self.occurrence}"

    def diff(self, original):
        """Return the lines that differ, each with its sign."""
        lines = difflib.unified_diff(original.splitlines(), self.changed.splitlines(), n=0)
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def code_lines(text):
    """Return the numbers of the lines that hold code which runs.

    Not docstrings, comments, annotations' imports and what only type checkers read.
    """
    readline = iter(text.splitlines(keepends=True)).__next__
    lines = {
        line
        for token in tokenize.generate_tokens(readline)
        if token.type not in TEXT and token.string
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if is_text or is_for_types or isinstance(node, ast.Import | ast.ImportFrom):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return sorted(lines)


def annotations(text):
    """Return the (first, last) positions of the annotations, which never run."""
    found = []
    for node in ast.walk(ast.parse(text)):
        for name in ("annotation", "returns"):
            part = getattr(node, name, None)
            if part is not None:
                end = (part.end_lineno, part.end_col_offset)
                found.append(((part.lineno, part.col_offset), end))
    return found


@cache
def _operators():
    """Return the operators of Cosmic Ray and our own, by the kind of change."""
    from cosmic_ray.plugins import get_operator, operator_names

    from .operators import RemoveArgument, RemoveStatement

    kinds = defaultdict(dict)
    for own in (RemoveArgument, RemoveStatement):
        kinds[own.__name__][own.__name__] = own()
    for name in operator_names():
        short = name.partition("/")[2]
        kind, *replaced = short.split("_")
        # "is" for "==" is no slip, and "<" for "is" raises at once: "is not" alone replaces "is".
        mixes_identity = len({part.startswith("Is") for part in replaced}) > 1
        if kind not in LEFT_OUT and not mixes_identity:
            kinds[kind][short] = get_operator(name)()
    return kinds


@cache
def possible_changes(text):
    """Return the possible changes of a text: line -> kind -> [(operator, occurrence)]."""
    import parso

    ignored = annotations(text)
    found = defaultdict(lambda: defaultdict(list))
    counts = defaultdict(int)

    def visit(node):
        for kind, operators in _operators().items():
            for name, operator in operators.items():
                for start, end in operator.mutation_positions(node):
                    if not any(a <= tuple(start) and tuple(end) <= b for a, b in ignored):
                        found[start[0]][kind].append((name, counts[name]))
                    counts[name] += 1
        for child in getattr(node, "children", ()):
            visit(child)

    visit(parso.parse(text))
    return found


def make_change(root, path, line, name, occurrence):
    """Return a change, or None if the text would stay the same or be no Python."""
    from cosmic_ray.mutating import mutate_code

    text = (Path(root) / path).read_text(encoding="utf-8")
    operator = next(kind[name] for kind in _operators().values() if name in kind)
    try:
        changed = mutate_code(text, operator, occurrence)
    except AttributeError:  # Cosmic Ray replaces no exception with a dotted name
        return None
    if changed is None:  # there are fewer places today
        return None
    try:
        is_same = ast.dump(ast.parse(changed)) == ast.dump(ast.parse(text))
    except SyntaxError:
        return None
    return None if is_same else Change(path, line, name, occurrence, changed)


def draw_changes(root, paths, count, rng):
    """Yield `count` different changes: a random line of all, then a kind, then one of it."""
    texts = {path: (Path(root) / path).read_text(encoding="utf-8") for path in paths}
    lines = [(path, line) for path, text in texts.items() for line in code_lines(text)]
    seen = set()
    while count and lines:
        path, line = lines[rng.randrange(len(lines))]
        kinds = possible_changes(texts[path])[line]
        if not kinds:
            continue
        operator, occurrence = rng.choice(kinds[rng.choice(sorted(kinds))])
        change = make_change(root, path, line, operator, occurrence)
        if change and change.key not in seen:
            seen.add(change.key)
            count -= 1
            yield change
