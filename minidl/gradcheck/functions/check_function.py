"""check_function: check any forward function against its backward function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import ArgumentError
from ..report.report import Report
from .pairs.inputs import FunctionInputs
from .pairs.owner import PairState
from .pairs.pair import FunctionPair
from .pairs.pair_check import PairCheck
from .pairs.signature import check_accepts_inputs


def check_function(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *inputs: Any,
    cache: bool = False,
    backward_inputs: bool = False,
    wrt: str | int | Sequence[str | int] | None = None,
    reference: Callable[..., Any] | None = None,
    budget: int | None = None,
    seed: int = 0,
) -> Report:
    """Check a backward function: the vector-Jacobian product of a forward function.

    For random incoming gradients dy, each gradient that `backward` returns is compared with the
    numeric derivative of sum(dy * forward(...)), within error bars that come from the measured
    rounding error of both. No framework is needed.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs)`` returns an array or a number, or a tuple of them; with ``cache=True``
        the last item of the tuple is what `backward` needs: ``(out, cache)``. It is called with
        copies of the inputs, and with the same random numbers each time. Outputs that contain no
        floats are ignored.
    backward : callable
        ``backward(dy)``, ``backward(dy, cache)`` or ``backward(dy, *inputs)``, with one dy for each
        output of floats, or for each output if its signature takes as many, is called after each
        forward pass; that of a loss may go without dy. It returns a gradient for each input in
        order, or only for those that are differentiated, as an array, tuple or list; or a
        dictionary with the names of the inputs, also with "d" or ``"grad_"`` before them. None
        stands for an input without gradient.
    *inputs : object
        The arguments of `forward`. Arrays and numbers of real floats are differentiated, also in
        dictionaries, lists and tuples that contain nothing else, such as parameters. They are
        passed as float64, and as complex128 for the complex step, or in their own dtype if
        `forward` refuses that. All else is passed through: integers, booleans, None, strings,
        random generators, and dictionaries of settings. A number is left out if `backward` returns
        no gradient of it, and an array with infinities, such as a mask, always.
    cache : bool, default False
        Whether the last output of `forward` is the last argument of `backward`.
    backward_inputs : bool, default False
        Whether `backward` takes the inputs after the incoming gradients.
    wrt : str, int, or sequence of these, optional
        The inputs to check, by name or position; by default all that can be differentiated.
    reference : callable, optional
        The same function as `forward` in higher precision, with or without cache, for gradients in
        bfloat16 or float16: they are then judged by their own rounding alone. It gets float64.
    budget : int, optional
        About how many calls of `forward` the numeric derivatives may take, see `check_gradients`.
    seed : int, default 0
        Seed of the incoming gradients, of random directions and of noise.

    Returns
    -------
    Report
        One check per input array, named as in the signature of `forward`, and one per rule:
        backward must be linear in dy and must not write into the inputs. A gradient of another
        shape, a gradient that is missing, and an exception in `backward` are failed checks; the
        other arrays are still checked. An array on which the output depends, though `backward`
        returns None for it, is unresolved.

    Raises
    ------
    ArgumentError
        If there is nothing to differentiate, `budget` or `seed` is invalid, `wrt` names no input,
        `forward` takes more or fewer inputs, or it does not return what `cache` says.
    DtypeError
        If `forward` returns no real floats, or an input named by `wrt` is no array of them.
    NonFiniteError
        If an input or output is not finite.

    See Also
    --------
    check_gradients : Check the gradient of a function that returns one number.
    minidl.testing.check_layer : Check a layer of minidl, with the rules of its contract.

    Notes
    -----
    If `forward` and `backward` are methods of one object that has `params` and `grads` (or
    `parameters` and `gradients`): dictionaries or lists of arrays, or attributes such as `W` and
    `dW`, or objects with an array and its gradient such as ``w.data`` and ``w.grad``, then these
    gradients are checked, too, also those of objects in it: the layers of a net. Neither method may
    write into these parameters. A note names other arrays in it that move the output.
    The object and all that it holds are restored at the end. Gradients that it adds up from call to
    call are set to zero before each one, as training does, and a note tells so.

    References
    ----------
    Griewank and Walther, "Evaluating Derivatives", 2nd edition, SIAM (2008), chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> def forward(x, w):
    ...     return np.tanh(x @ w), (x, w)
    >>> def backward(dy, cache):  # wrong: without the derivative of tanh
    ...     x, w = cache
    ...     return dy @ w.T, x.T @ dy
    >>> x, w = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[0.3, 0.1], [-0.2, 0.4]])
    >>> report = check_function(forward, backward, x, w, cache=True)
    >>> {check.parameter: check.verdict for check in report.checks if check.term == "total"}
    {'x': 'fail', 'w': 'fail'}
    """
    if cache and backward_inputs:
        raise ArgumentError(
            "backward takes either the cache or the inputs, got cache=True and "
            "backward_inputs=True: pass one of them"
        )
    functions = {
        "forward": forward,
        "backward": backward,
        "reference": forward if reference is None else reference,
    }
    for name, function in functions.items():
        if not callable(function):
            raise ArgumentError(f"{name} must be callable, got {type(function).__name__}")
    if not inputs:
        raise ArgumentError("check_function needs the inputs of forward, got none: pass them")
    check_accepts_inputs(forward, inputs)
    state = PairState(forward, backward)
    with state.preserved():
        pair = FunctionPair(
            forward,
            backward,
            FunctionInputs(forward, inputs, wrt),
            state,
            cache=cache,
            backward_inputs=backward_inputs,
            reference=reference,
        )
        return PairCheck(pair, seed, budget).report()
