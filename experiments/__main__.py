"""`python -m experiments`: list the studies."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

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


def main() -> int:
    """Print the studies and return the exit status 0."""
    summaries = study_summaries()
    width = max(map(len, summaries))
    for name, summary in summaries.items():
        print(f"{name:{width}}  {summary}")
    print("\npython -m experiments.NAME runs one; --help explains it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
