"""The test of whether a model can overfit a single batch."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..batching.batch import Batch
from ..losses.base import Loss
from ..losses.binary_cross_entropy import BinaryCrossEntropy
from ..losses.categorical_cross_entropy import CategoricalCrossEntropy
from ..losses.cross_entropy import BaseCategoricalCrossEntropy, BaseCrossEntropy
from ..losses.half_squared_error import HalfSquaredError
from ..losses.hinge import Hinge
from ..losses.mean_absolute_error import MeanAbsoluteError
from ..losses.mean_squared_error import MeanSquaredError
from ..losses.poisson import Poisson
from ..model.sequential import Sequential
from ..optimizers.base import Optimizer
from ..training.callbacks.base import Callback, TrainingRun
from ..utils.typing import Array
from .trial import check_arguments, fit_copy

MEMORIZED_FRACTION = 0.1  # of the way from the minimum loss up to the chance level
MAX_INITIAL_RATIO = 3  # of the first loss to the chance level


@dataclass(frozen=True)
class OverfitReport:
    """Result of `overfit_one_batch`; `str(report)` is a table.

    Parameters
    ----------
    ok : bool
        True if the batch was memorized and the first loss was at most three times the chance
        level.
    memorized : bool
        True if the last loss is at most a tenth of the way from the minimum loss to the chance
        level (to the first loss, if the chance level is unknown).
    first_loss : float
        The data loss before the first step.
    last_loss : float
        The data loss after the last step.
    chance_level_loss : float or None
        The loss of a model that ignores its input: ln(number of classes) for cross-entropies,
        the variance of the targets for the squared error, None for a custom loss.
    minimum_loss : float
        The smallest possible loss; above 0 with label smoothing.
    accuracy : float or None
        The accuracy on the batch after the last step; None without classes.
    lines : list of str
        The lines of the table.

    Examples
    --------
    >>> lines = ["one batch of 32 examples", "memorized"]
    >>> report = OverfitReport(True, True, 0.8, 0.01, 0.693, 0.0, 1.0, lines)
    >>> print(report)
    one batch of 32 examples
    memorized
    """

    ok: bool
    memorized: bool
    first_loss: float
    last_loss: float
    chance_level_loss: float | None
    minimum_loss: float
    accuracy: float | None
    lines: list[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def overfit_one_batch(
    model: Sequential,
    X: npt.ArrayLike,
    Y: npt.ArrayLike,
    *,
    optimizer: Optimizer,
    steps: int = 200,
    batch_size: int | None = 32,
) -> OverfitReport:
    """Test whether the model can overfit a single batch, as a correct model should.

    Copies of the model and the optimizer are trained on the batch that `Sequential.fit` would
    use next. The first loss is compared with the chance level, the loss of a model that ignores
    its input: a much larger one points to inputs that are not scaled.

    Parameters
    ----------
    model : Sequential
        The model; it stays unchanged, bit for bit. Turn regularization off for the test.
    X : array_like of shape (m, ...)
        The training examples, as for `Sequential.fit`.
    Y : array_like of shape (m, ...)
        The targets, as for `Sequential.fit`.
    optimizer : Optimizer
        The optimizer; it stays unchanged.
    steps : int, default 200
        The number of steps on the batch, >= 1.
    batch_size : int or None, default 32
        The number of examples in the batch; None uses all of them.

    Returns
    -------
    OverfitReport
        The losses, the verdict, and a hint if the batch was not memorized.

    Raises
    ------
    ArgumentError
        If an argument is invalid.
    ShapeError
        If `X` or `Y` has the wrong shape.
    DtypeError
        If `X` or `Y` does not hold real numbers.
    NonFiniteError
        If `X` or `Y` holds NaN or infinity.

    References
    ----------
    A. Karpathy, "A Recipe for Training Neural Networks", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import Adam, Linear, MeanSquaredError, Sequential, overfit_one_batch
    >>> X = np.linspace(-1, 1, 32).reshape(-1, 1)
    >>> model = Sequential([Linear(1, 1)], loss=MeanSquaredError())
    >>> overfit_one_batch(model, X, 3 * X, optimizer=Adam(0.1)).memorized
    True
    """
    check_arguments(model, optimizer, steps, 1, "overfit_one_batch")
    first_batch = _FirstBatch()
    fit_copy(
        model, X, Y, optimizer=optimizer, callback=first_batch, epochs=1, batch_size=batch_size
    )
    batch = first_batch.batch
    trial = _train(model, batch, optimizer, steps)
    return _report(model.loss, optimizer, batch.x, batch.y, trial)


class _FirstBatch(Callback):
    """Copies the first batch and stops the training."""

    batch: Batch

    def on_gradient(self, run: TrainingRun) -> None:
        if run.data is not None:
            self.batch = Batch(run.data.x.copy(), run.data.y.copy())
        run.stop("done", now=True)


class _Trial(NamedTuple):
    first_loss: float
    last_loss: float
    totals: list[float]  # the objective before each step, penalties included
    accuracy: float | None


def _train(model: Sequential, batch: Batch, optimizer: Optimizer, steps: int) -> _Trial:
    """Train copies on the batch for `steps` steps, or until the objective is not finite."""
    objective = copy.deepcopy(model.objective_function)
    optimizer = copy.deepcopy(optimizer)
    optimizer.reset()
    trained = objective.trained_parameters()
    trained.read_values()
    totals: list[float] = []
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        first_loss = float(objective.data_loss(batch).value)
        for _ in range(steps):
            total, _ = objective.value_and_gradient(batch, training=True)
            totals.append(float(total))
            trained.read_gradient()
            optimizer.step(trained.theta, trained.grad)
            trained.write_values()
            if not math.isfinite(totals[-1]):
                break
        forward_pass = objective.data_loss(batch)
        last_loss = float(forward_pass.value)
        measurement = objective.measurement((), batch.y.shape[-1])
        measurement.add(forward_pass.output, batch.y, batch.sample_weight)
        accuracy = measurement.values().get("accuracy")
    return _Trial(first_loss, last_loss, totals, accuracy)


def _report(loss: Loss, optimizer: Optimizer, x: Array, y: Array, trial: _Trial) -> OverfitReport:
    first_loss, last_loss, totals, accuracy = trial
    bounds = _bounds(loss, y)
    chance_level = bounds.chance_level
    upper = first_loss
    if chance_level is not None and chance_level > bounds.minimum:
        upper = chance_level
    # False, as it should be, if a loss is NaN.
    memorized = last_loss - bounds.minimum <= MEMORIZED_FRACTION * (upper - bounds.minimum)
    is_high = not math.isfinite(first_loss)
    is_low = False
    if chance_level is not None and loss.is_classification:
        is_high = is_high or first_loss > MAX_INITIAL_RATIO * chance_level
        is_low = first_loss < chance_level / 2
    lines = [
        f"one batch of {len(x)} examples, {len(totals)} steps of {optimizer}",
        f"first loss  {first_loss:<9.4g}  {bounds.description}".rstrip(),
        f"last loss   {last_loss:<9.4g}  minimum: {bounds.minimum:.4g}",
    ]
    if accuracy is not None:
        lines.append(f"accuracy    {accuracy:.3f}")
    lines.append("memorized" if memorized else "not memorized")
    if is_high:
        lines.append(
            "the first loss is more than three times the chance level: are the inputs scaled, "
            "and the initial weights of the last layer small?"
        )
    elif is_low:
        lines.append(
            "the first loss is less than half the chance level: is the model trained already?"
        )
    if not memorized:
        lines.append(_hint(x, y, totals, last_loss))
    return OverfitReport(
        ok=memorized and not is_high,
        memorized=memorized,
        first_loss=first_loss,
        last_loss=last_loss,
        chance_level_loss=chance_level,
        minimum_loss=bounds.minimum,
        accuracy=accuracy,
        lines=lines,
    )


class _LossBounds(NamedTuple):
    chance_level: float | None
    minimum: float
    description: str  # of the chance level


def _bounds(loss: Loss, y: Array) -> _LossBounds:
    if isinstance(loss, BaseCrossEntropy):
        is_categorical = isinstance(loss, BaseCategoricalCrossEntropy)
        n_classes = y.shape[-1] if is_categorical else 2
        smoothing = loss.label_smoothing
        smoothed = (1 - smoothing) * y + smoothing / n_classes
        of_probabilities = CategoricalCrossEntropy if is_categorical else BinaryCrossEntropy
        best = of_probabilities(label_smoothing=smoothing)
        minimum = float(best.forward(smoothed.astype(y.dtype), y))
        chance_level = math.log(n_classes)
        description = f"chance level: ln({n_classes}) = {chance_level:.4g}"
        return _LossBounds(chance_level, max(0.0, minimum), description)
    if isinstance(loss, MeanSquaredError | HalfSquaredError):
        factor = y.shape[-1] / 2 if isinstance(loss, HalfSquaredError) else 1
        variance = factor * float(((y - y.mean(axis=0)) ** 2).mean())
        return _LossBounds(variance, 0.0, f"predicting the mean: {variance:.4g}")
    if isinstance(loss, MeanAbsoluteError):
        deviation = float(np.abs(y - np.median(y, axis=0)).mean())
        return _LossBounds(deviation, 0.0, f"predicting the median: {deviation:.4g}")
    if isinstance(loss, Poisson):
        counts = Poisson(log_input=False)
        mean = np.broadcast_to(y.mean(axis=0), y.shape)
        chance_level, minimum = (float(counts.forward(p, y)) for p in (mean, y))
        return _LossBounds(chance_level, minimum, f"predicting the mean: {chance_level:.4g}")
    if isinstance(loss, Hinge):
        return _LossBounds(1.0, 0.0, "all scores 0: 1")
    return _LossBounds(None, 0.0, "")


def _hint(x: Array, y: Array, totals: list[float], last_loss: float) -> str:
    """Return the probable reason why the batch was not memorized, and a cure."""
    if not math.isfinite(last_loss):
        return f"the loss was not finite after step {len(totals)}: try a smaller learning rate"
    first_row: dict[bytes, int] = {}
    for row, (example, target) in enumerate(zip(x, y, strict=True)):
        equal_row = first_row.setdefault(example.tobytes(), row)
        if not np.array_equal(target, y[equal_row]):
            return (
                f"rows {equal_row} and {row} of the batch are equal, but their targets differ: "
                "no model can fit both"
            )
    if totals[-1] > totals[0]:
        return "the loss rose: try a smaller learning rate"
    if totals[len(totals) * 4 // 5] - totals[-1] > 0.05 * (totals[0] - totals[-1]):
        return "the loss was still falling: try more steps, or a larger learning rate"
    return (
        "the loss no longer fell: try other learning rates (lr_find), then more units, "
        "and check the gradients (GradientChecker)"
    )
