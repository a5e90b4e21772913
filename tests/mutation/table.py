"""The table of a campaign."""

from collections import Counter, defaultdict

VERDICTS = ("noticed", "survived", "equivalent")


def table(results):
    """Return the lines of a table by package, and those of what survived."""
    counts = defaultdict(Counter)
    for result in results:
        package = "/".join(result["path"].split("/")[:-1][:2])
        counts[package][result["verdict"]] += 1
        counts["all"][result["verdict"]] += 1
    lines = [f"{'package':24}  changes  noticed  survived  equivalent  of the others noticed"]
    for package in sorted(counts, key=lambda name: (name == "all", name)):
        noticed, survived, equivalent = (counts[package][verdict] for verdict in VERDICTS)
        share = f"{noticed / (noticed + survived):.0%}" if noticed + survived else "-"
        lines.append(
            f"{package:24}  {noticed + survived + equivalent:7}  {noticed:7}  {survived:8}  "
            f"{equivalent:10}  {share:>21}"
        )
    for result in results:
        if result["verdict"] == "survived":
            lines += ["", f"{result['path']}:{result['line']} ({result['operator']})"]
            lines += result["diff"]
    return lines
