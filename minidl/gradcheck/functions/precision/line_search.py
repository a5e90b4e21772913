"""The window and the number of points for the lines of one array: found once, used for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .constants import (
    CLEAR_GAP,
    CONFIRMING_EFFORT,
    CONFIRMING_WINDOWS,
    FIRST_WINDOW,
    INSIDE_ROUNDING,
    KINK_NOISE,
    LINE_PAIRS,
    MAX_LINE_PAIRS,
    MAX_WINDOWS,
    NOISE_DOMINATES,
    ROUNDING_SAFETY,
    STAIR_HEIGHT,
    STAIR_WINDOWS,
    WIDER_WINDOWS,
    WINDOW_SHRINKS,
)
from .line_integral import Line, LineIntegral, MeanSlope
from .persistence import persists


class LineSearch:
    """Averages slopes along lines, in the way that suited the first of them.

    A frugal one does not spend calls on locating kinks, or on averaging noise.
    """

    def __init__(self, integral: LineIntegral, *, is_frugal: bool = False) -> None:
        self._integral, self._is_frugal = integral, is_frugal
        self._window = 0.0
        self.pairs = LINE_PAIRS
        self._noise = 0.0
        self._crosses_kinks = False
        self._rounding = 1.0

    def along(self, line: Line) -> MeanSlope:
        """Return the mean slope; if it is wrong, it is wrong at fresh points as well.

        These are in narrower windows: a kink, or a spike of the gradient, may hide between two
        points. A mistake is there near the point, too. A gap of a few hundred ulps may be rounding
        that is the same at all points, as where large terms inside cancel: then it is in the bar.
        """
        line = replace(line, rounding=self._rounding * line.rounding)
        found = self._measure(line) if self._window else self._first(line)
        window = found.window
        for share in CONFIRMING_WINDOWS:
            if found.is_wrong:
                again = self._within(line, share * window, CONFIRMING_EFFORT)
                found = again if np.isfinite(again.bar) else found
        if found.is_wrong:
            near = self._near_the_point(line, found)
            found = near if np.isfinite(near.bar) else found
        if found.is_wrong and self._may_be_a_stair(found):
            found = self._over_wider(line, found)
        gap = abs(found.analytic - found.numeric)
        if found.is_wrong and gap <= INSIDE_ROUNDING * line.size:
            found = replace(found, bar=max(found.bar, 2 * gap), inside=gap)
        if found.is_wrong and self._integral.is_half:
            found = self._unless_rounding(line, found)
        if found.is_wrong and self._integral.jumps(line, found.window):
            return MeanSlope()
        return found

    def _near_the_point(self, line: Line, found: MeanSlope) -> MeanSlope:
        """Return the mean slope over the narrowest window in which such a gap is clear."""
        gap = abs(found.analytic - found.numeric)
        window = min(CLEAR_GAP * found.noise / gap, CONFIRMING_WINDOWS[-1]) * found.window
        window = max(window, FIRST_WINDOW / WINDOW_SHRINKS**MAX_WINDOWS)
        return self._integral.over_window(line, window, MAX_LINE_PAIRS)

    def _may_be_a_stair(self, found: MeanSlope) -> bool:
        """Return whether the noise of few values, averaged by no other point, has such a gap.

        Where numbers inside are rounded that hardly change, as 1 + x for a small x, the cost is a
        staircase, and a window lies on few of its steps.
        """
        gap = abs(found.analytic - found.numeric)
        return gap * found.window < STAIR_HEIGHT * self._integral.noise

    def _over_wider(self, line: Line, found: MeanSlope) -> MeanSlope:
        """Return the mean slope over the widest window in which half of the gap is clear.

        A mistake is there, too, while a staircase goes on. The bar is that of values that share
        their rounding.
        """
        gap, best = abs(found.analytic - found.numeric), found
        for factor in WIDER_WINDOWS:
            window = min(factor * found.window, FIRST_WINDOW)
            if window <= found.window:
                continue
            wider = self._integral.over_window(line, window, self.pairs, CONFIRMING_EFFORT)
            if max(wider.bar, self._integral.shared_noise(window)) < gap / 2:
                best = wider
                break
        noise = self._noise_of_stairs(line, best.window)
        self._integral.stair_noise = max(self._integral.stair_noise, noise)
        bar = max(best.bar, self._integral.shared_noise(best.window))
        self._integral.has_stairs |= bar > best.bar
        return replace(best, bar=bar)

    def _noise_of_stairs(self, line: Line, window: float) -> float:
        """Return how far the cost is off at the ends of windows of many widths.

        A mistake moves it in proportion to the width. What is left is rounding, another at each
        width: of 1 + x**2, say, which close by is rounded alike.
        """
        found = [
            self._integral.over_window(line, share * window, self.pairs) for share in STAIR_WINDOWS
        ]
        windows = np.array([each.window for each in found if np.isfinite(each.bar)])
        if windows.size < 2:
            return 0.0
        off = windows * [each.analytic - each.numeric for each in found if np.isfinite(each.bar)]
        mistake = float(windows @ off) / float(windows @ windows)
        return float(np.sqrt(((off - mistake * windows) ** 2).sum() / (windows.size - 1)))

    def _unless_rounding(self, line: Line, found: MeanSlope) -> MeanSlope:
        """Return a wrong slope, with a bar as wide as what rounding explains if it does."""

        def at_other_point(distance: float) -> MeanSlope:
            return self._integral.moved(distance).over_window(line, found.window, self.pairs)

        is_mistake, gap = persists(found, at_other_point)
        if is_mistake:
            return found
        self._rounding = max(self._rounding, ROUNDING_SAFETY * gap / line.rounding)
        return replace(found, bar=max(found.bar, ROUNDING_SAFETY * gap))

    def _first(self, line: Line) -> MeanSlope:
        found = self._integral.explore(line, is_frugal=self._is_frugal)
        if found.bar == np.inf:
            return found
        self._window, self._noise = found.window, found.noise * found.window
        wanted = (found.noise / line.target) ** 2 if line.target else 0.0
        most = LINE_PAIRS if self._is_frugal else MAX_LINE_PAIRS
        self.pairs = int(np.clip(wanted * LINE_PAIRS, LINE_PAIRS, most))
        narrowed = found.window < FIRST_WINDOW or found.noise < NOISE_DOMINATES * found.bar
        return self._or_over_kinks(line, found) if narrowed else found

    def _measure(self, line: Line) -> MeanSlope:
        if self._crosses_kinks:
            return self._within(line, self._kink_window(line))
        found = self._within(line, self._window)
        return (
            found if found.noise > NOISE_DOMINATES * found.bar else self._or_over_kinks(line, found)
        )

    def _or_over_kinks(self, line: Line, found: MeanSlope) -> MeanSlope:
        """Return `found`, or a mean slope with kinks located if that has a smaller error bar."""
        if found.bar <= 2 * line.target or self._is_frugal:
            return found
        other = self._integral.over_kinks(line, self._kink_window(line), self.pairs)
        self._crosses_kinks = other.bar < found.bar
        return other if self._crosses_kinks else found

    def _kink_window(self, line: Line) -> float:
        """Return a window as narrow as noise allows: the fewer kinks, the better."""
        window = self._noise / (KINK_NOISE * line.target) if line.target else FIRST_WINDOW
        return float(np.clip(window, self._integral.narrowest, FIRST_WINDOW))

    def _within(self, line: Line, window: float, effort: int = 1) -> MeanSlope:
        mean = self._integral.over_kinks if self._crosses_kinks else self._integral.over_window
        return mean(line, window, self.pairs, effort)
