"""Many changes, one after another, with their results in a file."""

import hashlib
import json
import sys
import time
from pathlib import Path

from .changes import draw_changes, make_change
from .equivalent import EQUIVALENT
from .trial import changed_file, copied_tree, mirrored_tests, run_tests, wider_tests

EXCLUDED = "minidl/gradcheck/"  # it has a corpus of wrong gradients instead


class Campaign:
    """Changes to a tree.

    Parameters
    ----------
    tree : Path
        The tree, which is copied.
    results : Path
        A file with one result per line; results of modules that are the same today are kept.
    seconds, wider_seconds : float
        For the tests of the module, and for those of what imports it.
    """

    def __init__(self, tree, results, seconds, wider_seconds):
        self.tree, self.results = Path(tree), Path(results)
        self.seconds, self.wider_seconds = seconds, wider_seconds
        self._originals = {}  # the texts of the files that are changed

    def run(self, under, count, rng, *, again=False, draw=draw_changes):
        """Return the results of `count` changes; `draw` is called as `draw_changes` is.

        With `again`, nothing is drawn: the changes of the file that survived are tried once more,
        and all results of the file are returned.
        """
        known = self._known_results()
        if again:
            changes = list(self._survivors(known.values()))
        else:
            paths = sorted(
                file.relative_to(self.tree).as_posix() for file in (self.tree / under).rglob("*.py")
            )
            paths = [path for path in paths if not path.startswith(EXCLUDED)]
            changes = list(draw(self.tree, paths, count, rng))
        self._originals = {change.path: self._text(change.path) for change in changes}
        missing = [change for change in changes if again or self._is_missing(change, known)]
        with copied_tree(self.tree) as copy:
            self._check_unchanged(copy, {change.path for change in missing})
            for change in missing:
                known[change.key] = self._try(copy, change)
                self._write(known[change.key])
        keys = known if again else [change.key for change in changes]
        return [self._marked(known[key]) for key in keys]

    def _text(self, path):
        return (self.tree / path).read_text(encoding="utf-8")

    def _survivors(self, results):
        """Yield the changes that survived, where the code is still the same."""
        for result in results:
            if self._marked(result)["verdict"] != "survived":
                continue
            place = [result[name] for name in ("path", "line", "operator", "occurrence")]
            change = make_change(self.tree, *place)
            if change and change.diff(self._text(change.path)) == result["diff"]:
                yield change
            else:
                print(f"is no more  {result['key']}", file=sys.stderr, flush=True)

    def _known_results(self):
        if not self.results.exists():
            return {}
        lines = self.results.read_text(encoding="utf-8").splitlines()
        return {result["key"]: result for result in map(json.loads, lines)}

    def _is_missing(self, change, known):
        result = known.get(change.key)
        return result is None or result["of"] != self._digest(change.path)

    def _digest(self, path):
        return hashlib.sha256(self._originals[path].encode()).hexdigest()[:16]

    def _check_unchanged(self, copy, paths):
        """Run the tests on what is not changed: if these fail, all changes would be noticed."""
        tests = {test for path in paths for test in mirrored_tests(copy, path)}
        # Doctests come last, as in the whole suite: pytest would import their modules once more.
        tests = sorted(tests, key=lambda test: (not test.startswith("tests/"), test))
        if tests:
            print(f"running {len(tests)} files without a change first", file=sys.stderr, flush=True)
            verdict, tail = run_tests(copy, tests, max(600, self.seconds * len(tests)))
            if verdict != "survived":
                raise SystemExit(f"the tests must pass without a change, but:\n{tail}")

    def _try(self, copy, change):
        start = time.perf_counter()
        with changed_file(copy, change.path, change.changed):
            tests = mirrored_tests(copy, change.path)
            verdict, tail = run_tests(copy, tests, self.seconds, "-x")
            if verdict == "survived" and self.wider_seconds:
                tests = wider_tests(copy, change.path)
                verdict, tail = run_tests(copy, tests, self.wider_seconds, "-x")
                if verdict == "out of time":  # many tests, none of which has failed
                    verdict = "survived"
        return {
            "key": change.key,
            "of": self._digest(change.path),
            "path": change.path,
            "line": change.line,
            "operator": change.operator,
            "occurrence": change.occurrence,
            "diff": change.diff(self._originals[change.path]),
            "verdict": "noticed" if verdict == "out of time" else verdict,  # it hangs
            "tests": tests,
            "tail": tail,
            "seconds": round(time.perf_counter() - start, 1),
        }

    def _write(self, result):
        self.results.parent.mkdir(parents=True, exist_ok=True)
        with self.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        print(f"{result['verdict']:9} {result['key']}", file=sys.stderr, flush=True)

    @staticmethod
    def _marked(result):
        """Return a result, as equivalent if it was marked so by hand."""
        place = (result["path"], *(line[1:].strip() for line in result["diff"]))
        is_equivalent = result["verdict"] == "survived" and place in EQUIVALENT
        return result | {"verdict": "equivalent"} if is_equivalent else result
