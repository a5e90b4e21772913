"""Words of Keras and PyTorch, and what they are called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..errors import SignatureError

Class = TypeVar("Class", bound=type)

ATTRIBUTES = {
    "add": "pass all layers at once, Sequential([Linear(2, 8), ReLU(), ...], loss=...)",
    "build": "a model is built by its constructor",
    "compile": "pass loss= to Sequential, and optimizer= to fit",
    "eval": "predict and evaluate turn dropout off by themselves",
    "forward": "call predict(X), or objective_function.forward(x)",
    "get_weights": "read parameters.theta, or parameters['0.weight'].value",
    "load_state_dict": "use Sequential.load, or minidl.exchange for safetensors",
    "load_weights": "use Sequential.load",
    "modules": "read layers",
    "named_parameters": "iterate over parameters, which yields (name, Parameter)",
    "optimizer": "pass optimizer= to fit; a model keeps none",
    "predict_proba": "call predict(X): outputs after a Sigmoid or Softmax are probabilities",
    "set_weights": "assign to parameters.theta, or to parameters['0.weight'].value",
    "state_dict": "use save and Sequential.load, or minidl.exchange for safetensors",
    "to": "use astype(np.float64) for another dtype",
    "train": "call fit(X, Y, optimizer=Adam(), epochs=100)",
    "trainable_variables": "read parameters",
    "weights": "read parameters",
    "zero_grad": "each backward pass overwrites the gradients",
}
"""What a model is asked for elsewhere, with the cure."""

NAMES = {
    "BCELoss": "use BinaryCrossEntropy",
    "BCEWithLogitsLoss": "use Sigmoid as the last layer and BinaryCrossEntropy as the loss",
    "CrossEntropyLoss": "use Softmax as the last layer and CategoricalCrossEntropy as the loss",
    "DataLoader": "pass arrays and batch_size= to fit, or use MiniBatches",
    "Dense": "use Linear(in_features, out_features), followed by an activation such as ReLU()",
    "Input": "give Linear its in_features",
    "MSELoss": "use MeanSquaredError",
    "Model": "use Sequential",
    "Module": "derive a custom layer from Layer",
    "ModelCheckpoint": "use Checkpoint",
    "RMSprop": "use RMSProp",
    "SGD": "use GradientDescent, Momentum or Nesterov",
    "SparseCategoricalCrossentropy": "use CategoricalCrossEntropy, which takes class numbers",
    "BinaryCrossentropy": "use BinaryCrossEntropy",
    "CategoricalCrossentropy": "use CategoricalCrossEntropy, which takes class numbers too",
    "BatchNorm1d": "minidl has none; write it as a custom Layer",
    "BatchNormalization": "minidl has none; write it as a custom Layer",
    "Conv2D": "minidl has none; use Flatten and Linear, or write it as a custom Layer",
    "Conv2d": "minidl has none; use Flatten and Linear, or write it as a custom Layer",
    "keras": "the names are in minidl itself, such as minidl.Linear",
    "nn": "the names are in minidl itself, such as minidl.Linear",
    "optim": "the names are in minidl itself, such as minidl.Adam",
    "tensor": "pass NumPy arrays",
}
"""What is imported from other libraries, with the cure; none is a name of minidl."""

ARGUMENTS = {
    "activation": "put an activation such as ReLU() into the list of layers",
    "epoch": "write epochs=",
    "learning_rate": "pass it to the optimizer, optimizer=Adam(0.001)",
    "lr": "write learning_rate= in the optimizer, such as Adam(learning_rate=0.001)",
    "metrics": "the accuracy of classifications is always reported",
    "n_epochs": "write epochs=",
    "input_shape": "give Linear its in_features",
    "name": "layers are named by their position, as in '0.weight'",
    "steps_per_epoch": "an epoch is one pass over X; set batch_size=",
    "validation_data": "write validation=(X_val, Y_val)",
    "validation_split": "use minidl.data.train_validation_split and validation=(X_val, Y_val)",
    "verbose": "write progress=False or progress=True",
    "weight_decay": "use AdamW(weight_decay=...), or penalties=[L2(...)] of the model",
    "x": "pass it as the first argument, X",
    "y": "pass it as the second argument, Y",
}
"""Keyword arguments of other libraries, with the cure."""

MISSING = {
    "epochs": "pass the number of passes over the examples, such as epochs=100",
    "learning_rate": "pass a number such as 0.01, or a Schedule",
    "loss": "pass loss=BinaryCrossEntropy(), loss=CategoricalCrossEntropy() or "
    "loss=MeanSquaredError()",
    "optimizer": "pass an Optimizer such as optimizer=Adam()",
    "Y": "pass the targets after X",
}
"""Required arguments, with what to pass."""


def cure_for_name(name: str) -> str:
    """Return ": use ..." for a name that another library has, else ""."""
    return f": {NAMES[name]}" if name in NAMES else ""


def explain_attributes(owner: Class) -> Class:
    """Let the objects of a class say what another library's attribute is called here.

    Parameters
    ----------
    owner : type
        The class. It gets a `__getattr__`, which is called only for attributes that do not exist;
        it is not in the class body, where type checkers would take any attribute for valid.

    Returns
    -------
    type
        The class.
    """
    owner.__getattr__ = _refuse_attribute  # type: ignore[attr-defined]
    return owner


def _refuse_attribute(self: object, name: str) -> Any:
    cure = f": {ATTRIBUTES[name]}" if name in ATTRIBUTES else ""
    message = f"{type(self).__name__!r} object has no attribute {name!r}{cure}"
    raise AttributeError(message, name=name, obj=self)


def explain_arguments(*methods: str) -> Callable[[Class], Class]:
    """Return a class decorator: wrong arguments of these methods are refused with the cure.

    Parameters
    ----------
    *methods : str
        Names of methods that the class defines itself.

    Returns
    -------
    callable
        The decorator, which changes the class and returns it.
    """

    def decorate(owner: Class) -> Class:
        for name in methods:
            setattr(owner, name, _explained(vars(owner)[name]))
        return owner

    return decorate


def _explained(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            traceback = error.__traceback__
            if traceback is None or traceback.tb_next is not None:
                raise  # from within the method
            owner, name = type(args[0]).__name__, method.__name__
            call = owner if name == "__init__" else f"{owner}.{name}"
            message = _describe(call, inspect.signature(method), args, kwargs)
            if not message:
                raise
        raise SignatureError(message)

    return explained


def _describe(
    call: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    """Return what is wrong with the arguments and the cure, or "" if they fit."""
    parameters = signature.parameters
    for name in kwargs:
        if name not in parameters:
            known = ", ".join([*parameters][1:])
            return f"{call} has no argument {name!r}: {ARGUMENTS.get(name, f'it has {known}')}"
    positional = [p.name for p in parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(positional):
        rule = f"{call} takes {', '.join(positional[1:])} by position, got {len(args) - 1} values"
        if positional[1:] == ["layers"]:
            return f"{rule}: put the layers in a list, Sequential([Linear(2, 8), ...], loss=...)"
        return f"{rule}: write the others by name, such as {[*parameters][len(positional)]}=..."
    given = {*positional[: len(args)], *kwargs}
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in given:
            return f"{call} needs {name}: {MISSING.get(name, f'pass {name}=...')}"
    return ""
