"""`python -m experiments`: list the studies, with a line each."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path

from minidl.cli.suggestions import did_you_mean
from minidl.escaping import escaped

HERE = Path(__file__).parent


def study_summaries() -> dict[str, str]:
    """Return the first line of the docstring of each study by its name."""
    summaries = {}
    for path in sorted(HERE.iterdir()):
        source = path / "__init__.py" if (path / "__main__.py").exists() else path
        if path.name.startswith("__") or source.suffix != ".py":
            continue
        tree = ast.parse(source.read_text(encoding="utf-8"))
        if source is not path or has_main(tree):
            summaries[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return summaries


def has_main(tree: ast.Module) -> bool:
    """Return whether a module is a study: it has a `main`."""
    assigned = (node.targets[0] for node in tree.body if isinstance(node, ast.Assign))
    return any(isinstance(target, ast.Name) and target.id == "main" for target in assigned)


def main(names: Sequence[str] = ()) -> int:
    """Print the studies and return the exit status 0; 2 after words, which belong elsewhere."""
    summaries = study_summaries()
    if names:
        cure = did_you_mean(names[0], summaries) or ": without a name it lists the studies"
        problem = f"a study is run by python -m experiments.NAME, got {names[0]!r}{cure}"
        print(escaped(f"experiments: {problem}"), file=sys.stderr)
        return 2
    width = max(map(len, summaries))
    for name, summary in summaries.items():
        print(f"{name:{width}}  {summary}")
    print("\npython -m experiments.NAME runs one; --help explains it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
