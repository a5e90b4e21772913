"""The outcomes of the corpus as a table, one line per field and precision."""

import numpy as np

HEAD = (
    "field", "precision", "functions", "right: ok/unres./failed", "wrong: failed/unres./ok",
    "named rightly/unknown/wrongly", "resolution", "calls",
)  # fmt: skip


def table(outcomes):
    """Return aligned lines: fields in order, and the sums of each precision at the end."""
    precisions = list(dict.fromkeys(o.precision for o in outcomes))
    fields = list(dict.fromkeys(o.field for o in outcomes))
    rows = [HEAD]
    for field in [*fields, "all"]:
        for precision in precisions:
            group = [o for o in outcomes if o.precision == precision and field in (o.field, "all")]
            if group:
                rows.append((field, precision, *_numbers(group)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _numbers(group):
    right = [o for o in group if not o.edit]
    wrong = [o for o in group if o.edit]
    resolutions = [o.resolution for o in right if np.isfinite(o.resolution)]
    return (
        str(len(right)),
        _counts([o.status for o in right], ("ok", "unresolved", "failed")),
        _counts([o.status for o in wrong], ("failed", "unresolved", "ok")),
        _counts([o.name for o in wrong], ("right", "unknown", "wrong")),
        f"{np.median(resolutions):.0e}" if resolutions else "-",
        f"{np.median([o.calls for o in group]):.0f}",
    )


def _counts(values, kinds):
    return " / ".join(str(values.count(kind)) for kind in kinds)


def findings(outcomes):
    """Return a line per wrong verdict, per wrong name and per unknown one."""
    lines = []
    for title, chosen in (
        ("wrong verdicts", [o for o in outcomes if o.is_wrong_verdict]),
        ("wrong names", [o for o in outcomes if o.name == "wrong"]),
        ("unknown", [o for o in outcomes if o.name == "unknown"]),
    ):
        lines.append(f"{title}: {len(chosen)}")
        lines += [
            f"  {o.title}: {o.status} {o.guilty}, size {o.size:.1e}: {o.diagnosis[:160]}"
            for o in chosen
        ]
    return lines
