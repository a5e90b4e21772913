"""Error patterns: which mistake a wrong gradient looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...utils.typing import Array

_CLOSE = 1e-7  # of the largest element: far over rounding, far under any mistake


_AXES = ((1, "row"), (0, "column"))


@dataclass
class Evidence:
    """A wrong gradient `a`, the numeric one `n`, and what is known around them."""

    a: Array
    n: Array
    bar: Array | float = 0.0
    factors: dict[str, float] = field(
        default_factory=dict
    )  # numbers that a ratio may be: the batch size, a keep_prob, lambda
    candidates: list[tuple[str, Array]] = field(default_factory=list)  # what known mistakes give
    x: Array | None = None  # of the same shape, where element belongs to element
    others: dict[str, Array] = field(default_factory=dict)
    value: Array | None = None  # the parameter's own values

    @property
    def wrong(self) -> Array:
        """Which elements are wrong."""
        with np.errstate(all="ignore"):
            found: Array = ~(np.abs(self.a - self.n) <= np.maximum(self.bar, 1e-12 * _top(self.n)))
        return found


def _top(array: Array) -> float:
    return float(np.abs(array).max(initial=0.0))


def _like(a: Array, b: Array) -> bool:
    return a.shape == b.shape and _top(a - b) <= _CLOSE * max(_top(b), 1e-300)


def constant_ratio(a: Array, n: Array) -> float | None:
    """Return r where a = r n, else None."""
    square = float((n * n).sum())
    r = float((a * n).sum()) / square if square else 0.0
    return r if r != 0 and _like(a, r * n) else None


def _listed(numbers: Sequence[int] | Array) -> str:
    return ", ".join(map(str, numbers[:6])) + (" ..." if len(numbers) > 6 else "")


def _not_finite(e: Evidence) -> str | None:
    bad = np.count_nonzero(~np.isfinite(e.a))
    return (
        f"{bad} of {e.a.size} elements are NaN or infinite: never written by backward, or divided by zero"
        if bad
        else None
    )


def _all_zero(e: Evidence) -> str | None:
    if e.a.any() or not e.n.any():
        return None
    return f"analytic = 0 in all {e.a.size} elements where numeric is up to {_top(e.n):.3g}: missing, detached, or not propagated"


def _named(e: Evidence) -> str | None:
    for name, candidate in e.candidates:
        if _like(e.a, candidate) and not _like(candidate, e.n):
            return (
                f"consistent with: {name} (equal to within {_CLOSE:g} in all {e.a.size} elements)"
            )
    return None


_WORDS = {
    "m": (
        "the mean's 1/m missing",
        "1/m applied twice: a mean where a sum is due, since the loss has divided by m already",
    ),
    "keep_prob": ("the mask unscaled: 1/keep_prob missing", "the mask scaled by 1/keep_prob twice"),
}


def _ratio(e: Evidence) -> str | None:
    r = constant_ratio(e.a, e.n)
    if r is None or abs(r - 1) < 1e-6:
        return None
    known = {
        "the sign is wrong": -1.0,
        "a factor 2 too many": 2.0,
        "a factor 1/2 too many, or a 2 missing": 0.5,
    }
    for name, factor in e.factors.items():
        if factor not in (0.0, 1.0):
            said = f"{name} = {factor:.4g} too many"
            words = _WORDS.get(name, (f"a factor {said}", f"a division by {said}"))
            for meaning, ratio in zip(words, (factor, 1 / factor), strict=True):
                known |= {meaning: ratio, f"{meaning} and the wrong sign": -ratio}
    meanings = [meaning for meaning, ratio in known.items() if np.isclose(r, ratio, rtol=1e-6)]
    if not meanings and r < 0:
        meanings = [f"the sign is wrong and a factor {-r:.4g} too many"]
    meant = (
        f"consistent with {', or '.join(meanings)}" if meanings else f"a factor {r:.4g} too many"
    )
    return f"analytic = {r:#.4g} x numeric in all {e.a.size} elements: {meant}"


def _transposed(e: Evidence) -> str | None:
    if e.a.ndim != 2:
        return None
    if _like(e.a, e.n.T):
        return "analytic = numeric transposed: a product in the wrong order, or a .T missing or too many"
    if _like(e.a.ravel(), e.n.T.ravel()):
        return "analytic holds numeric's elements in column-major order: transposed by a reshape"
    return None


def _other_array(e: Evidence) -> str | None:
    for name, other in e.others.items():
        if _like(e.a, other) and not _like(other, e.n):
            return f"analytic = the numeric gradient of {name}: gradients of two arrays swapped"
    return None


def _clipped(e: Evidence) -> str | None:
    top = _top(e.a)
    cut = np.clip(e.n, -top, top)
    if top > 0 and _like(e.a, cut) and not _like(cut, e.n):
        return f"analytic = numeric clipped to +-{top:.6g} in {np.count_nonzero(np.abs(e.n) > top)} elements: clipped inside backward"
    return None


def _offset(e: Evidence) -> str | None:
    gap = e.a - e.n
    if e.a.size < 3 or not gap.any() or not np.allclose(gap, gap.flat[0], rtol=1e-4, atol=0):
        return None
    return f"analytic - numeric = {gap.flat[0]:.4g} in all {e.a.size} elements: a constant is added"


def _float32(e: Evidence) -> str | None:
    relative = np.abs(e.a - e.n) / np.maximum(np.abs(e.n), 1e-3 * _top(e.n))
    worst = relative.max(initial=0.0)
    larger = (np.abs(e.a) > np.abs(e.n))[e.wrong]
    both_signs = larger.size and 0.1 <= larger.mean() <= 0.9
    if np.array_equal(e.a, e.n.astype(np.float32)) or (
        1e-10 < worst < 1e-3 and both_signs and np.median(relative) < 1e-6
    ):
        return f"relative errors of up to {worst:.1e}, of both signs, of the size of float32's rounding: computed or kept in float32 inside"
    return None


def _slight_factor(e: Evidence) -> str | None:
    known = np.abs(e.n) > 1e-6 * _top(e.n)
    excess = e.a[known] / e.n[known] - 1
    if (
        excess.size < 2
        or not np.allclose(excess, excess[0], rtol=0.01, atol=0)
        or abs(excess[0]) < 1e-13
    ):
        return None
    return f"analytic = (1 + {excess[0]:.3g}) x numeric in all {e.a.size} elements: a slight factor"


def _slight(e: Evidence) -> str | None:
    worst = _top(e.a - e.n) / max(_top(e.n), 1e-300)
    if worst > 1e-4 or np.count_nonzero(e.wrong) < 2:
        return None
    said = "an epsilon or a clip on one side only, forward or backward"
    return f"errors of up to {worst:.1e} of the largest element, not of rounding: {said}"


def _permuted(e: Evidence) -> str | None:
    if e.a.size < 4 or not _like(np.sort(e.a, axis=None), np.sort(e.n, axis=None)):
        return None
    return "analytic holds numeric's elements at other places: another order of rows, of columns, or of a reshape"


def _where_x(e: Evidence) -> str | None:
    if e.x is None or e.x.shape != e.a.shape:
        return None
    wrong = e.wrong & np.isfinite(e.a)
    count = np.count_nonzero(wrong)
    if count < 2 or wrong.all():
        return None
    low, high = e.x[wrong].min(), e.x[wrong].max()
    live = np.abs(e.n) + np.abs(e.a) > 0
    if count < 0.99 * np.count_nonzero(live & (e.x >= low) & (e.x <= high)):
        return None
    ratios = e.a[wrong] / e.n[wrong]
    if np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=1e-6):
        what = f"analytic = {ratios[0]:#.4g} x numeric"
    else:
        what = "analytic is wrong" if e.a[wrong].any() else "analytic = 0"
    right = e.x[live & ~wrong]
    if low > 0 and not (right > high).any():
        side = f"x > {low if (right > 0).any() else 0:.3g}"
    elif high < 0 and not (right < low).any():
        side = f"x < {high if (right < 0).any() else 0:.3g}"
    else:
        side = f"x in [{low:.3g}, {high:.3g}]"
    return f"{what} exactly where {side} ({count} elements): the slope or the mask's threshold differs from forward's"


def _support(e: Evidence) -> str | None:
    missing, extra = (e.a == 0) & (e.n != 0), (e.a != 0) & (e.n == 0)
    less, more = missing.sum(), extra.sum()
    if less and more and not ((e.a != 0) & (e.n != 0)).any():
        return (
            "analytic is zero exactly where numeric is not, and the reverse: the mask is inverted"
        )
    if less and more and _like(np.where(extra, 0, e.a), np.where(missing, 0, e.n)):
        return f"another mask than forward's: {less} elements zero and {more} not zero against it: drawn anew, or stale"
    if less > 1 and np.array_equal(missing, e.wrong) and not _lines(e):
        return f"analytic = 0 in {less} elements where numeric is not: zero where it should not be"
    if more and np.array_equal(extra, e.wrong):
        return (
            f"analytic is not 0 in {more} elements where numeric is: a mask or a derivative missing"
        )
    return None


def _one_element(e: Evidence) -> str | None:
    wrong = np.argwhere(e.wrong)
    if len(wrong) != 1 or e.a.size == 1:
        return None
    index = tuple(int(i) for i in wrong[0])
    ratio = f", {e.a[index] / e.n[index]:#.4g} x numeric" if e.n[index] != 0 else ""
    return f"only element {index} of {e.a.size} is wrong{ratio}"


def _lines(e: Evidence) -> str | None:
    if e.a.ndim != 2 or 1 in e.a.shape:
        return None
    for axis, name in _AXES:
        wrong = e.wrong.any(axis=axis)
        count, total = np.count_nonzero(wrong), wrong.size
        a, n = (np.compress(wrong, array, axis=1 - axis) for array in (e.a, e.n))
        ratio = constant_ratio(a, n)
        if count in (0, total) or (count > max(1, total // 2) and a.any() and ratio is None):
            continue
        what = (
            "is zero"
            if not a.any()
            else "is wrong"
            if ratio is None
            else f"is {ratio:#.4g} x numeric"
        )
        if count > total // 2:
            return f"every {name} but {_listed(np.flatnonzero(~wrong))} of {total} {what}: an index, a slice or an off-by-one"
        return f"only {name} {_listed(np.flatnonzero(wrong))} of {total} {what}; the others agree: an index, a slice or an off-by-one"
    return None


def _all_equal(e: Evidence) -> str | None:
    if (
        e.a.size < 2
        or not np.allclose(e.a, e.a.flat[0], rtol=1e-9, atol=0)
        or np.allclose(e.n, e.n.flat[0])
    ):
        return None
    total = " (that of numeric summed up)" if np.isclose(e.a.flat[0], e.n.sum(), rtol=1e-6) else ""
    return f"all {e.a.size} elements are equal{total}: summed over both axes, or over the wrong axis and broadcast"


def _residual(e: Evidence) -> str | None:
    if e.value is None or e.value.shape != e.a.shape or e.a.size < 2:
        return None
    for name, values in (
        ("the weights themselves", e.value),
        ("the sign of the weights", np.sign(e.value)),
    ):
        r = constant_ratio(e.a - e.n, values)
        if r is not None:
            return f"analytic - numeric = {r:.4g} x {name}: consistent with a penalty's gradient that is wrong, missing or added twice"
    return None


def _scaled_lines(e: Evidence) -> str | None:
    if e.a.ndim != 2 or 1 in e.a.shape:
        return None
    for axis, name in _AXES:
        square = (e.n * e.n).sum(axis=axis, keepdims=True)
        r = np.where(square > 0, (e.a * e.n).sum(axis=axis, keepdims=True) / square, 1.0)
        if _like(e.a, r * e.n) and np.abs(r - 1).max() > 1e-4:
            return f"each {name} is numeric's times a factor of its own ({r.min():.3g} to {r.max():.3g}): scaled along the wrong axis"
    return None


Pattern = Callable[[Evidence], str | None]


PATTERNS: tuple[Pattern, ...] = (
    _not_finite,
    _all_zero,
    _named,
    _ratio,
    _transposed,
    _other_array,
    _clipped,
    _one_element,
    _where_x,
    _all_equal,
    _lines,
    _support,
    _scaled_lines,
    _residual,
    _offset,
    _permuted,
    _slight,
)


# Where all elements nearly agree, the others would fit by that alone.
SMALL_ERROR_PATTERNS: tuple[Pattern, ...] = (
    _not_finite,
    _clipped,
    _slight_factor,
    _float32,
    _offset,
    _one_element,
    _residual,
    _lines,
    _slight,
)


def diagnose(evidence: Evidence) -> str:
    """Return the first signature that fits, or that none does."""
    with np.errstate(all="ignore"):
        small = _top(evidence.a - evidence.n) <= 1e-5 * _top(evidence.n) or _float32(evidence)
        for signature in SMALL_ERROR_PATTERNS if small else PATTERNS:
            if found := signature(evidence):
                return found
    return "unknown cause: no known mistake looks like this"


def error_summary(evidence: Evidence) -> str:
    """Return how many elements are wrong, where, and a histogram of the ratios analytic / numeric."""
    e, wrong = evidence, evidence.wrong
    parts = [f"{np.count_nonzero(wrong)} of {wrong.size} elements wrong"]
    if e.a.ndim == 2:
        for axis, name in _AXES:
            lines = wrong.any(axis=axis)
            parts.append(
                f"{name}s {'all' if lines.all() else _listed(np.flatnonzero(lines))} of {lines.size}"
            )
    both = wrong & (e.n != 0) & np.isfinite(e.a)
    if both.any():
        edges = [
            -np.inf,
            -1.001,
            -0.999,
            -1e-9,
            1e-9,
            0.499,
            0.501,
            0.999,
            1.001,
            1.999,
            2.001,
            np.inf,
        ]
        names = ["< -1", "-1", "-1..0", "0", "0..1/2", "1/2", "1/2..1", "1", "1..2", "2", "> 2"]
        counts, _ = np.histogram(e.a[both] / e.n[both], bins=edges)
        parts.append(
            "ratios "
            + ", ".join(
                f"{name}: {count}" for name, count in zip(names, counts, strict=True) if count
            )
        )
    return "; ".join(parts)
