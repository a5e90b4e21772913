"""Signatures: what a wrong gradient looks like, and which mistake is consistent with it.

A table of signatures is tried in order; each compares the wrong gradient with what a known mistake would have given. What is said
is evidence first, then the mistake it is consistent with; where nothing fits, the census stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Array

_CLOSE = 1e-7  # of the largest element: far over rounding, far under any mistake


@dataclass
class Evidence:
    """A wrong gradient `a`, the numeric one `n`, and what is known around them.

    `factors` names numbers that a ratio may be: the batch size, a keep_prob, lambda. `candidates` names what known mistakes give.
    """

    a: Array
    n: Array
    bar: Array | float = 0.0
    factors: dict[str, float] = field(default_factory=dict)
    candidates: list[tuple[str, Array]] = field(default_factory=list)
    x: Array | None = None  # of the same shape, where element belongs to element
    others: dict[str, Array] = field(default_factory=dict)
    value: Array | None = None  # the parameter's own values

    @property
    def wrong(self) -> Array:
        """Which elements are wrong."""
        with np.errstate(all="ignore"):
            found: Array = ~(np.abs(self.a - self.n) <= np.maximum(self.bar, 1e-12 * np.abs(self.n).max(initial=0.0)))
        return found


def _like(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= _CLOSE * max(np.abs(b).max(initial=0.0), 1e-300)))


def constant_ratio(a: Array, n: Array) -> float | None:
    """Return r where a = r n, else None."""
    square = float((n * n).sum())
    if square == 0:
        return None
    r = float((a * n).sum()) / square
    return r if r != 0 and _like(a, r * n) else None


# The signatures: each returns a sentence or None.


def _not_finite(e: Evidence) -> str | None:
    bad = np.count_nonzero(~np.isfinite(e.a))
    return f"{bad} of {e.a.size} elements are NaN or infinite: never written by backward, or divided by zero" if bad else None


def _all_zero(e: Evidence) -> str | None:
    if np.any(e.a) or not np.any(e.n):
        return None
    return f"analytic = 0 in all {e.a.size} elements where numeric is up to {np.abs(e.n).max():.3g}: missing, detached, or not propagated"


def _named(e: Evidence) -> str | None:
    for name, candidate in e.candidates:
        if _like(e.a, candidate) and not _like(candidate, e.n):
            return f"consistent with: {name} (equal to within {_CLOSE:g} in all {e.a.size} elements)"
    return None


def _ratio(e: Evidence) -> str | None:
    r = constant_ratio(e.a, e.n)
    if r is None or abs(r - 1) < 1e-6:
        return None
    said = f"analytic = {r:#.4g} x numeric in all {e.a.size} elements"
    meanings = []
    for factor, meaning in ((-1.0, "the sign is wrong"), (2.0, "a factor 2 too many"), (0.5, "a factor 1/2 too many, or a 2 missing")):
        if np.isclose(r, factor, rtol=1e-6):
            meanings.append(meaning)
    for name, factor in e.factors.items():
        if factor in (0.0, 1.0):
            continue
        for power, words in ((1, f"a factor {name} = {factor:.4g} too many"), (-1, f"a division by {name} = {factor:.4g} too many")):
            for sign, also in ((1.0, ""), (-1.0, " and the wrong sign")):
                if np.isclose(r, sign * factor**power, rtol=1e-6):
                    meanings.append(_WORDS.get((name, power), words) + also)
    if not meanings and r < 0:
        meanings.append(f"the sign is wrong and a factor {-r:.4g} too many")
    return f"{said}: consistent with {', or '.join(meanings)}" if meanings else f"{said}: a factor {r:.4g} too many"


_WORDS = {
    ("m", 1): "the mean's 1/m missing",
    ("m", -1): "1/m applied twice: a mean where a sum is due, since the loss has divided by m already",
    ("keep_prob", 1): "the mask unscaled: 1/keep_prob missing",
    ("keep_prob", -1): "the mask scaled by 1/keep_prob twice",
}


def _transposed(e: Evidence) -> str | None:
    if e.a.ndim != 2:
        return None
    if e.a.shape[0] == e.a.shape[1] and _like(e.a, e.n.T):
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
    top = np.abs(e.a).max(initial=0.0)
    cut = np.clip(e.n, -top, top)
    if top > 0 and _like(e.a, cut) and np.count_nonzero(np.abs(e.a) == top) >= 1 and not _like(cut, e.n):
        return f"analytic = numeric clipped to +-{top:.6g} in {np.count_nonzero(np.abs(e.n) > top)} elements: clipped inside backward"
    return None


def _offset(e: Evidence) -> str | None:
    gap = e.a - e.n
    if e.a.size < 3 or not gap.any() or not np.allclose(gap, gap.flat[0], rtol=1e-4, atol=0):
        return None
    return f"analytic - numeric = {gap.flat[0]:.4g} in all {e.a.size} elements: a constant is added"


def _float32(e: Evidence) -> str | None:
    with np.errstate(all="ignore"):
        relative = np.abs(e.a - e.n) / np.maximum(np.abs(e.n), 1e-3 * np.abs(e.n).max(initial=0.0))
    worst = relative.max(initial=0.0)
    wrong, more = e.wrong, np.abs(e.a) > np.abs(e.n)
    both = wrong.any() and 0.1 <= np.count_nonzero(more & wrong) / np.count_nonzero(wrong) <= 0.9
    if np.array_equal(e.a, e.n.astype(np.float32)) or (1e-10 < worst < 1e-3 and both and np.median(relative) < 1e-6):
        return f"relative errors of up to {worst:.1e}, of both signs, of the size of float32's rounding: computed or kept in float32 inside"
    return None


def _slight_factor(e: Evidence) -> str | None:
    known = np.abs(e.n) > 1e-6 * np.abs(e.n).max(initial=0.0)
    excess = e.a[known] / e.n[known] - 1
    if excess.size < 2 or not np.allclose(excess, excess[0], rtol=0.01, atol=0) or abs(excess[0]) < 1e-13:
        return None
    return f"analytic = (1 + {excess[0]:.3g}) x numeric in all {e.a.size} elements: a slight factor"


def _slight(e: Evidence) -> str | None:
    worst = np.abs(e.a - e.n).max(initial=0.0) / max(np.abs(e.n).max(initial=0.0), 1e-300)
    if worst > 1e-4 or np.count_nonzero(e.wrong) < 2:
        return None
    return (
        f"errors of up to {worst:.1e} of the largest element, not of rounding: an epsilon or a clip on one side only, forward or backward"
    )


def _permuted(e: Evidence) -> str | None:
    if e.a.size < 4 or not _like(np.sort(e.a, axis=None), np.sort(e.n, axis=None)):
        return None
    return "analytic holds numeric's elements at other places: another order of rows, of columns, or of a reshape"


def _where_x(e: Evidence) -> str | None:
    """Wrong only in a range of the input."""
    if e.x is None or e.x.shape != e.a.shape:
        return None
    wrong = e.wrong & np.isfinite(e.a)
    if not wrong.any() or wrong.all():
        return None
    low, high = float(e.x[wrong].min()), float(e.x[wrong].max())
    inside = (e.x >= low) & (e.x <= high) & (np.abs(e.n) + np.abs(e.a) > 0)
    if np.count_nonzero(wrong) < 0.99 * np.count_nonzero(inside) or np.count_nonzero(wrong) < 2:
        return None
    with np.errstate(all="ignore"):
        ratios = e.a[wrong] / e.n[wrong]
    constant = np.isfinite(ratios).all() and np.allclose(ratios, ratios[0], rtol=1e-6)
    what = f"analytic = {ratios[0]:#.4g} x numeric" if constant else ("analytic = 0" if not np.any(e.a[wrong]) else "analytic is wrong")
    right = ~wrong & (np.abs(e.n) + np.abs(e.a) > 0)
    below, above = (right & (e.x < low)).any(), (right & (e.x > high)).any()
    if low > 0 and not above:
        side = f"x > {low:.3g}" if (right & (e.x > 0)).any() else "x > 0"
    elif high < 0 and not below:
        side = f"x < {high:.3g}" if (right & (e.x < 0)).any() else "x < 0"
    else:
        side = f"x in [{low:.3g}, {high:.3g}]"
    return f"{what} exactly where {side} ({np.count_nonzero(wrong)} elements): the slope or the mask's threshold differs from forward's"


def _support(e: Evidence) -> str | None:
    """Zero where it should not be, and the reverse."""
    zero_a, zero_n = e.a == 0, e.n == 0
    missing, extra = zero_a & ~zero_n, ~zero_a & zero_n
    if missing.any() and extra.any() and not (~zero_a & ~zero_n).any():
        return "analytic is zero exactly where numeric is not, and the reverse: the mask is inverted"
    if missing.any() and extra.any() and _like(np.where(missing | extra, 0, e.a), np.where(missing | extra, 0, e.n)):
        return f"another mask than forward's: {missing.sum()} elements zero and {extra.sum()} not zero against it: drawn anew, or stale"
    if missing.any() and np.array_equal(missing, e.wrong) and missing.sum() > 1 and not _lines(e):
        return f"analytic = 0 in {missing.sum()} elements where numeric is not: zero where it should not be"
    if extra.any() and np.array_equal(extra, e.wrong):
        return f"analytic is not 0 in {extra.sum()} elements where numeric is: a mask or a derivative missing"
    return None


def _one_element(e: Evidence) -> str | None:
    wrong = np.argwhere(e.wrong)
    if len(wrong) != 1 or e.a.size == 1:
        return None
    index = tuple(int(i) for i in wrong[0])
    ratio = f", {e.a[index] / e.n[index]:#.4g} x numeric" if e.n[index] != 0 else ""
    return f"only element {index} of {e.a.size} is wrong{ratio}"


def _lines(e: Evidence) -> str | None:
    """Only some rows, or columns."""
    if e.a.ndim != 2 or 1 in e.a.shape:
        return None
    wrong = e.wrong
    for axis, name in ((1, "row"), (0, "column")):
        lines = np.flatnonzero(wrong.any(axis=axis))
        count = wrong.shape[1 - axis]
        if 0 < len(lines) < count:
            part = np.take(e.a, lines, axis=1 - axis)
            right = np.take(e.n, lines, axis=1 - axis)
            ratio = constant_ratio(part, right)
            if len(lines) > max(1, count // 2) and part.any() and ratio is None:
                continue
            what = "is zero" if not part.any() else (f"is {ratio:#.4g} x numeric" if ratio is not None else "is wrong")
            right_ones = [i for i in range(count) if i not in lines]
            if len(lines) > count // 2:
                return f"every {name} but {_listed(right_ones)} of {count} {what}: an index, a slice or an off-by-one"
            return f"only {name} {_listed(lines)} of {count} {what}; the others agree: an index, a slice or an off-by-one"
    return None


def _listed(numbers: Sequence[int] | Array) -> str:
    return ", ".join(map(str, numbers[:6])) + (" ..." if len(numbers) > 6 else "")


def _all_equal(e: Evidence) -> str | None:
    if e.a.size < 2 or not np.allclose(e.a, e.a.flat[0], rtol=1e-9, atol=0) or np.allclose(e.n, e.n.flat[0]):
        return None
    total = " (that of numeric summed up)" if np.isclose(float(e.a.flat[0]), float(e.n.sum()), rtol=1e-6) else ""
    return f"all {e.a.size} elements are equal{total}: summed over both axes, or over the wrong axis and broadcast"


def _residual(e: Evidence) -> str | None:
    """Say whether the error is a multiple of the parameter's own values."""
    if e.value is None or e.value.shape != e.a.shape or e.a.size < 2:
        return None
    for name, values in (("the weights themselves", e.value), ("the sign of the weights", np.sign(e.value))):
        r = constant_ratio(e.a - e.n, values)
        if r is not None:
            return f"analytic - numeric = {r:.4g} x {name}: consistent with a penalty's gradient that is wrong, missing or added twice"
    return None


def _scaled_lines(e: Evidence) -> str | None:
    if e.a.ndim != 2 or 1 in e.a.shape:
        return None
    for axis, name in ((1, "row"), (0, "column")):
        square = (e.n * e.n).sum(axis=axis, keepdims=True)
        with np.errstate(all="ignore"):
            r = np.where(square > 0, (e.a * e.n).sum(axis=axis, keepdims=True) / square, 1.0)
        if _like(e.a, r * e.n) and np.abs(r - 1).max() > 1e-4:
            return f"each {name} is numeric's times a factor of its own ({r.min():.3g} to {r.max():.3g}): scaled along the wrong axis"
    return None


Signature = Callable[[Evidence], str | None]

SIGNATURES: tuple[Signature, ...] = (
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

# Where all elements nearly agree, most of the above would fit by that alone.
SMALL: tuple[Signature, ...] = (_not_finite, _clipped, _slight_factor, _float32, _offset, _one_element, _residual, _lines, _slight)


def name_cause(evidence: Evidence) -> str:
    """Return the first signature that fits, or that none does."""
    with np.errstate(all="ignore"):
        gap, size = np.abs(evidence.a - evidence.n).max(initial=0.0), np.abs(evidence.n).max(initial=0.0)
        small = gap <= 1e-5 * size or _float32(evidence) is not None
        for signature in SMALL if small else SIGNATURES:
            if found := signature(evidence):
                return found
    return "unknown cause: no known mistake looks like this"


def census(evidence: Evidence) -> str:
    """Return how many elements are wrong, where, and the histogram of the ratios analytic / numeric."""
    e, wrong = evidence, evidence.wrong
    parts = [f"{np.count_nonzero(wrong)} of {wrong.size} elements wrong"]
    if e.a.ndim == 2:
        for axis, name in ((1, "rows"), (0, "columns")):
            lines = np.flatnonzero(wrong.any(axis=axis))
            total = wrong.shape[1 - axis]
            listed = "all" if len(lines) == total else _listed(lines)
            parts.append(f"{name} {listed} of {total}")
    both = wrong & (e.n != 0) & np.isfinite(e.a)
    if both.any():
        ratios = e.a[both] / e.n[both]
        edges = [-np.inf, -1.001, -0.999, -1e-9, 1e-9, 0.499, 0.501, 0.999, 1.001, 1.999, 2.001, np.inf]
        names = ["< -1", "-1", "-1..0", "0", "0..1/2", "1/2", "1/2..1", "1", "1..2", "2", "> 2"]
        counts, _ = np.histogram(ratios, bins=edges)
        parts.append("ratios " + ", ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True) if count))
    return "; ".join(parts)
