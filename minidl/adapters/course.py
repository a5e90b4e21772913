"""check_course: the functions of the deep-learning course, with its names and dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..gradcheck.functions.check_gradients import check_gradients
from ..gradcheck.report.report import Report
from ..utils.random import check_seed
from .course_network import CourseNetwork


def check_course(
    forward_propagation: Callable[..., Any],
    backward_propagation: Callable[..., Any] | None,
    X: Any,
    Y: Any,
    parameters: Any,
    *,
    compute_cost: Callable[..., Any] | None = None,
    method: str = "auto",
    epsilon: float | None = None,
    budget: int | None = None,
    seed: int = 0,
    **options: Any,
) -> Report:
    """Check the backward propagation of a course, in its conventions.

    Functions are called with what their arguments are named after, in any order: ``X``, ``Y``,
    ``parameters`` or one of its keys (``w``, ``b``, ``theta``), ``cache`` or ``caches``, the output
    (``AL``, ``A3``, ``Y_hat``). Everything that the functions of the notebooks "Gradient checking",
    "Regularization", "Planar data classification", "Logistic regression" and "Building your deep
    neural network" take and return is understood.

    Parameters
    ----------
    forward_propagation : callable
        Returns the cost, ``(cost, cache)``, or ``(output, cache)`` together with `compute_cost`;
        or, as the course's ``propagate(w, b, X, Y)``, ``(gradients, cost)``.
    backward_propagation : callable or None
        Returns a dictionary of gradients: "dW1" is that of "W1". Entries of other arrays, such as
        "dZ1", are set aside. One gradient alone, or one for each parameter in their order, are
        allowed. None if `forward_propagation` returns the gradients.
    X, Y : array_like
        Data and labels, in the shapes that the functions take; None for what they do not take.
    parameters : dict of str to array_like, or array_like
        The point at which to check. An array or a number stands for ``{"theta": parameters}``.
    compute_cost : callable, optional
        ``compute_cost(AL, Y)`` returns the cost of an output; it may also take ``parameters``, and
        options such as ``lambd``.
    method : {"auto", "complex", "central"}, default "auto"
        How the numeric derivatives are computed, see `check_gradients`.
    epsilon : float, optional
        The step of ``method="central"``, 1e-7 by default.
    budget : int, optional
        How many forward propagations the check may take, see `check_gradients`.
    seed : int, default 0
        Seed of the checker, and of ``np.random`` at each call of a function: a dropout mask that is
        drawn in forward propagation is the same at each call.
    **options : object
        Further arguments of the functions by name, such as ``lambd=0.7`` or ``keep_prob=0.8``. Each
        is passed to every function that has an argument of this name.

    Returns
    -------
    Report
        One check per array of `parameters`; a note lists what was set aside.

    Raises
    ------
    ArgumentError
        If it is not clear what an argument stands for, as that of ``def backward(*args)``, if no
        function takes one of `options`, `seed` is no integer of 32 bits, or if forward propagation
        returns no cost and there is no `compute_cost`.

    See Also
    --------
    grade : A whole class at once.
    minidl.check_gradients : Any cost and its gradients.

    References
    ----------
    DeepLearning.AI, "Improving Deep Neural Networks", week 1: "Gradient checking".

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.adapters import check_course
    >>> def forward_propagation(X, Y, parameters):
    ...     A = np.tanh(parameters["W1"] @ X)
    ...     return np.sum((A - Y) ** 2), A
    >>> def backward_propagation(X, Y, cache):
    ...     dA = 2 * (cache - Y)
    ...     return {"dA": dA, "dW1": (dA * (1 - cache)) @ X.T}  # wrong: 1 - cache**2
    >>> X, Y = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, 0.0]])
    >>> parameters = {"W1": np.array([[0.1, -0.4]])}
    >>> report = check_course(forward_propagation, backward_propagation, X, Y, parameters)
    >>> report.ok, report.guilty.parameter
    (False, 'W1')
    """
    check_seed(seed)
    network = CourseNetwork(
        forward_propagation, backward_propagation, compute_cost, X, Y, parameters, options, seed
    )
    report = check_gradients(
        network.cost,
        network.gradients,
        network.parameters,
        method=method,
        epsilon=epsilon,
        budget=budget,
        seed=seed,
    )
    report.title = f"{network.title}: {report.title}"
    if network.set_aside:
        report.notes.append(
            f"set aside, as they are not gradients of parameters: {', '.join(network.set_aside)}"
        )
    return report
