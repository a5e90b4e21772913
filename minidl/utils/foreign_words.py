"""Words of Keras and PyTorch, and what they are called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ..errors import SignatureError
from .decoration import Class, decorate_methods

ATTRIBUTES = {
    "add": "pass all layers at once, Sequential([Linear(2, 8), ReLU(), ...], loss=...)",
    "append": "pass all layers at once, Sequential([Linear(2, 8), ReLU(), ...], loss=...)",
    "backward": "call gradient(X, Y), or fit",
    "build": "a model is built by its constructor",
    "children": "read layers",
    "compile": "pass loss= to Sequential, and optimizer= to fit",
    "cpu": "minidl computes on the CPU",
    "cuda": "minidl computes on the CPU",
    "double": "use astype(np.float64)",
    "eval": "predict and evaluate turn dropout off by themselves",
    "fit_generator": "pass arrays, or array-likes that are not in memory, to fit",
    "float": "use astype(np.float32)",
    "forward": "call predict(X), or objective_function.forward(x)",
    "get_weights": "read parameters.theta, or parameters['0.weight'].value",
    "half": "use astype(np.float32): minidl computes in float32 or float64",
    "history": "use what fit returns, history = model.fit(...)",
    "load_state_dict": "use Sequential.load, or minidl.exchange for safetensors",
    "load_weights": "use Sequential.load",
    "modules": "read layers",
    "named_parameters": "iterate over parameters, which yields (name, Parameter)",
    "optimizer": "pass optimizer= to fit; a model keeps none",
    "predict_proba": "call predict(X): outputs after a Sigmoid or Softmax are probabilities",
    "save_weights": "use save, or minidl.exchange for safetensors",
    "score": "call evaluate(X, Y), which returns the loss and the accuracy",
    "set_weights": "assign to parameters.theta, or to parameters['0.weight'].value",
    "requires_grad_": "set trainable of a layer, such as model.layers[0].trainable = False",
    "state_dict": "use save and Sequential.load, or minidl.exchange for safetensors",
    "to": "use astype(np.float64) for another dtype",
    "test_on_batch": "call evaluate(X, Y)",
    "train": "call fit(X, Y, optimizer=Adam(), epochs=100)",
    "train_on_batch": "call fit(X, Y, optimizer=..., epochs=1, batch_size=None)",
    "trainable_variables": "read parameters",
    "trainable_weights": "read parameters",
    "weights": "read parameters",
    "zero_grad": "each backward pass overwrites the gradients",
}
"""What a model is asked for elsewhere, with the cure."""

NAMES = {
    "BCELoss": "use BinaryCrossEntropy",
    "BCEWithLogitsLoss": "use SigmoidCrossEntropy, or Sigmoid as the last layer and "
    "BinaryCrossEntropy as the loss",
    "CategoricalHinge": "use Hinge, which takes class numbers too",
    "CrossEntropyLoss": "use SoftmaxCrossEntropy, or Softmax as the last layer and "
    "CategoricalCrossEntropy as the loss",
    "DataLoader": "pass arrays and batch_size= to fit, or use MiniBatches",
    "Dense": "use Linear(in_features, out_features), followed by an activation such as ReLU()",
    "Input": "give Linear its in_features",
    "HuberLoss": "use Huber",
    "L1Loss": "use MeanAbsoluteError",
    "MSELoss": "use MeanSquaredError",
    "Model": "use Sequential",
    "Module": "derive a custom layer from Layer",
    "ModelCheckpoint": "use Checkpoint",
    "MultiMarginLoss": "use Hinge, which counts the largest other score only",
    "PoissonNLLLoss": "use Poisson",
    "RandomFlip": "pass augment=Augmentation(flip=True) to fit",
    "RandomHorizontalFlip": "pass augment=Augmentation(flip=True) to fit",
    "RandomResizedCrop": "pass augment=Augmentation(crop=0.8) to fit",
    "RandomRotation": "pass augment=Augmentation(rotate=15) to fit",
    "RMSprop": "use RMSProp",
    "SGD": "use GradientDescent, Momentum or Nesterov",
    "SparseCategoricalCrossentropy": "use CategoricalCrossEntropy, which takes class numbers",
    "BinaryCrossentropy": "use BinaryCrossEntropy",
    "CategoricalCrossentropy": "use CategoricalCrossEntropy, which takes class numbers too",
    "AdaptiveAvgPool2d": "use GlobalAvgPool2D()",
    "AveragePooling2D": "use AvgPool2D(kernel_size)",
    "AvgPool2d": "use AvgPool2D(kernel_size)",
    "BatchNorm1d": "use BatchNorm(features)",
    "BatchNorm2d": "use BatchNorm(features)",
    "BatchNormalization": "use BatchNorm(features)",
    "Conv1d": "use Conv1D(in_channels, out_channels, kernel_size)",
    "Conv2d": "use Conv2D(in_channels, out_channels, kernel_size)",
    "GlobalAveragePooling2D": "use GlobalAvgPool2D()",
    "GlorotNormal": "use Xavier",
    "GlorotUniform": "use XavierUniform",
    "HeNormal": "use He",
    "LecunNormal": "use LeCun",
    "LayerNormalization": "use LayerNorm(features)",
    "MultiheadAttention": "use SelfAttention(features, heads)",
    "MultiHeadAttention": "use SelfAttention(features, heads)",
    "SimpleRNN": "use RNN(in_features, units)",
    "MaxPool2d": "use MaxPool2D(kernel_size)",
    "MaxPooling2D": "use MaxPool2D(kernel_size)",
    "Swish": "use SiLU",
    "Tensor": "pass NumPy arrays",
    "UpSampling2D": "use Upsample2D(factor)",
    "Upsample": "use Upsample2D(factor)",
    "keras": "the names are in minidl itself, such as minidl.Linear",
    "nn": "the names are in minidl itself, such as minidl.Linear",
    "optim": "the names are in minidl itself, such as minidl.Adam",
    "tensor": "pass NumPy arrays",
}
"""What is imported from other libraries, with the cure; none is a name of minidl."""

ARGUMENTS = {
    "activation": "put an activation such as ReLU() into the list of layers",
    "axis": "it acts on the last axis",
    "batch_first": "sequences are (m, t, features) everywhere",
    "batch_size": "set memory_limit=, from which the rows per pass follow",
    "betas": "write beta1= and beta2=",
    "bias_initializer": "biases begin at 0; assign to bias.value",
    "callbacks": "pass callbacks= to fit",
    "data_format": "channels come last: transpose X",
    "dilation_rate": "write dilation=",
    "dim": "it acts on the last axis",
    "embedding_dim": "write features=",
    "eps": "write epsilon=",
    "epoch": "write epochs=",
    "epochs": "pass epochs= to fit",
    "filters": "write out_channels=",
    "ftol": "write loss_tolerance=",
    "from_logits": "end the layers in Sigmoid() or Softmax(): the loss is computed from the "
    "logits; or use SigmoidCrossEntropy() or SoftmaxCrossEntropy() without such a layer",
    "gtol": "write gradient_tolerance=",
    "hidden_size": "write units=",
    "history_size": "write memory=",
    "initial_epoch": "pass resume=, the file of a Checkpoint",
    "initializer": "write init=He()",
    "inplace": "leave it out: layers reuse their work arrays",
    "kernel_initializer": "write init=He()",
    "kernel_regularizer": "pass penalties=[L2(0.1)] to Sequential",
    "lam": "write strength=",
    "learning_rate": "pass it to the optimizer, optimizer=Adam(0.001)",
    "lr": "write learning_rate= in the optimizer, such as Adam(learning_rate=0.001)",
    "max_iter": "write epochs= in fit",
    "maxcor": "write memory=",
    "maxiter": "write epochs= in fit",
    "mode": "write higher_is_better=True for a metric of which a larger value is better",
    "momentum": "use Momentum(learning_rate, beta=0.9)",
    "n_epochs": "write epochs=",
    "negative_slope": "write slope=",
    "input_dim": "give Linear its in_features",
    "input_shape": "give Linear its in_features",
    "input_size": "write in_features=",
    "mask_zero": "write padding=0, and skip_padding=True in recurrent layers",
    "num_embeddings": "write vocabulary_size=",
    "num_layers": "put several layers one after another",
    "optimizer": "pass optimizer= to fit",
    "output_dim": "write features=",
    "padding_idx": "write padding=",
    "p": "write keep_prob=, which is 1 - p",
    "rate": "write keep_prob=, which is 1 - rate",
    "pool_size": "write kernel_size=",
    "reduction": "a loss is the mean over the examples",
    "restore_best_weights": "write restore_best=True or False",
    "save_best_only": 'write keep="best"',
    "scale_factor": "write factor=",
    "strides": "write stride=",
    "tolerance_change": "write loss_tolerance=",
    "tolerance_grad": "write gradient_tolerance=",
    "units": "write out_features=",
    "use_bias": "write bias=True or False",
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
    "classes": "pass the number of classes",
    "epochs": "pass the number of passes over the examples, such as epochs=100",
    "in_channels": "pass the number of channels of x, such as 3",
    "init": "pass an initializer, such as init=He()",
    "kernel_size": "pass the size of a window, such as 3 or (3, 5)",
    "keep_prob": "pass the probability that a unit is kept, such as 0.8",
    "layers": "pass a list, such as [Linear(2, 8), ReLU(), ...]",
    "learning_rate": "pass a number such as 0.01, or a Schedule",
    "loss": "pass loss=BinaryCrossEntropy(), loss=CategoricalCrossEntropy() or "
    "loss=MeanSquaredError()",
    "optimizer": "pass an Optimizer such as optimizer=Adam()",
    "out_channels": "pass the number of channels of y",
    "out_features": "pass the number of outputs, as in Linear(in_features, out_features)",
    "path": "pass the path of the file",
    "strength": "pass a number such as 0.1",
    "X": "pass the examples, one per row",
    "Y": "pass the targets after X",
}
"""Required arguments, with what to pass."""


def cure_for_name(name: str, known_names: Iterable[str] = ()) -> str:
    """Return ": use ..." for a name of another library, or one in other letters, else "".

    Parameters
    ----------
    name : str
        The name, such as "Dense" and "Relu".
    known_names : iterable of str, default ()
        The names that exist, of which one in other cases of its letters is meant.

    Returns
    -------
    str
        The end of a message.
    """
    if name in NAMES:
        return f": {NAMES[name]}"
    for known_name in known_names:
        if known_name.lower() == name.lower():
            return f": use {known_name}"
    return ""


def explain_attributes(owner: Class) -> Class:
    """Let the objects of a class say what another library's attribute, or call, is called here.

    Parameters
    ----------
    owner : type
        The class. It gets a `__getattr__`, which is called only for attributes that do not exist,
        and a `__call__`; they are not in the class body, where type checkers would take any
        attribute or call for valid.

    Returns
    -------
    type
        The class.
    """
    owner.__getattr__ = _refuse_attribute  # type: ignore[attr-defined]
    owner.__call__ = _refuse_call  # type: ignore[method-assign]
    return owner


def _refuse_call(self: object, *args: Any, **kwargs: Any) -> Any:
    raise SignatureError(f"a {type(self).__name__} is not called, got model(...): use predict(X)")


def _refuse_attribute(self: object, name: str) -> Any:
    cure = f": {ATTRIBUTES[name]}" if name in ATTRIBUTES else ""
    message = f"{type(self).__name__!r} object has no attribute {name!r}{cure}"
    raise AttributeError(message, name=name, obj=self)


def explain_arguments(*methods: str, **cures: str) -> Callable[[Class], Class]:
    """Return a class decorator: wrong arguments of these methods are refused with the cure.

    Parameters
    ----------
    *methods : str
        Names of methods that the class defines itself.
    **cures : str
        What to say of an argument that they do not have, instead of `ARGUMENTS`.

    Returns
    -------
    callable
        The decorator, which changes the class and returns it.
    """
    return decorate_methods(methods, functools.partial(_explained, cures=cures))


def _explained(method: Callable[..., Any], cures: Mapping[str, str]) -> Callable[..., Any]:
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
            message = _describe(call, inspect.signature(method), args, kwargs, cures)
            if not message:
                raise
        raise SignatureError(message)

    return explained


def _describe(
    call: str,
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    cures: Mapping[str, str],
) -> str:
    """Return what is wrong with the arguments and the cure, or "" if they fit."""
    parameters = signature.parameters
    for name in kwargs:
        if name not in parameters:
            known = ", ".join([*parameters][1:]) or "none"
            cure = cures.get(name) or ARGUMENTS.get(name, f"it has {known}")
            similar = get_close_matches(name, parameters, 1, cutoff=0.8)
            if similar and name not in ARGUMENTS:
                cure = f"write {similar[0]}="
            return f"{call} has no argument {name!r}: {cure}"
    positional = [p.name for p in parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD]
    if len(args) > len(positional):
        by_position = ", ".join(positional[1:]) or "nothing"
        rule = f"{call} takes {by_position} by position, got {len(args) - 1} values"
        if len(parameters) == len(positional):
            return f"{rule}: leave out the last"
        if positional[1:] == ["layers"] and not isinstance(args[1], list | tuple):
            return f"{rule}: put the layers in a list, Sequential([Linear(2, 8), ...], loss=...)"
        return f"{rule}: write the others by name, such as {[*parameters][len(positional)]}=..."
    given = {*positional[: len(args)], *kwargs}
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in given:
            return f"{call} needs {name}: {MISSING.get(name, f'pass {name}=...')}"
    return ""
