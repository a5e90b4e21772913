"""What all commands share, and the options of a network, also for the studies."""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .. import (
    L2,
    Adam,
    AdamW,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Cosine,
    Dropout,
    ExponentialDecay,
    GradientDescent,
    He,
    Initializer,
    Layer,
    LeakyReLU,
    Linear,
    MinidlError,
    Momentum,
    Nesterov,
    Optimizer,
    Random,
    ReLU,
    RMSProp,
    Schedule,
    Sequential,
    Sigmoid,
    Softmax,
    StepDecay,
    Tanh,
    WarmUp,
    Xavier,
    Zeros,
    __version__,
)

EXAMPLES = """examples:
  minidl train moons --out results/moons
  minidl evaluate results/moons/model.h5 moons
  minidl check moons --layers 5,3
  minidl data list

exit status: 0 done; 1 an error, or a gradient that is wrong; 2 a command that is not understood; 130 Ctrl-C"""
DESCENT: dict[str, type[Optimizer]] = {"gd": GradientDescent, "momentum": Momentum, "nesterov": Nesterov}
ADAPTIVE: dict[str, type[Optimizer]] = {"rmsprop": RMSProp, "adam": Adam, "adamw": AdamW}
OPTIMIZERS = DESCENT | ADAPTIVE
SCHEDULES: dict[str, Callable[[float, int], float | Schedule]] = {
    "constant": lambda rate, steps: rate,
    "step": lambda rate, steps: StepDecay(rate, every=math.ceil(steps / 3)),
    "exponential": lambda rate, steps: ExponentialDecay(rate, every=steps, factor=0.01),
    "cosine": lambda rate, steps: Cosine(rate, steps=steps),
}
INITIALIZERS: dict[str, type[Initializer]] = {"xavier": Xavier, "he": He, "random": Random, "zeros": Zeros}
ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "leaky-relu": LeakyReLU, "sigmoid": Sigmoid, "tanh": Tanh}


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def parser() -> Parser:
    """Return the command line."""
    from . import networks, sets  # they import from here

    cli = Parser(prog="minidl", description="Train small networks and prove their gradients right.", epilog=EXAMPLES)
    cli.add_argument("--version", action="version", version=f"minidl {__version__}")
    commands = cli.add_subparsers(required=True, metavar="COMMAND")
    networks.add_commands(commands)
    sets.add_commands(commands)
    return cli


def command(commands: Any, name: str, run: Callable[[argparse.Namespace], int]) -> Parser:
    """Add a command; the docstring of `run` is its help."""
    summary, _, rest = (inspect.getdoc(run) or name).partition("\n\n")
    description, _, examples = rest.partition("Examples\n--------\n")
    epilog = f"examples:\n{examples}" if examples else None
    added: Parser = commands.add_parser(name, help=summary[0].lower() + summary[1:-1], description=description, epilog=epilog)
    added.add_argument("--json", action="store_true", help="print JSON on stdout, and nothing else")
    added.add_argument("--debug", action="store_true", help="show the traceback of an error")
    added.set_defaults(run=run, command=added.prog.removeprefix("minidl "))
    return added


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; an error is one line."""
    from . import sets

    cli = parser()
    options = cli.parse_args(argv)
    if "points" in options and (wrong := sets.misfit(options)):
        cli.error(wrong)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        status, text = 130, "interrupted"
    except BrokenPipeError:  # whoever reads has gone, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if options.debug:
            raise
        status, text = 1, " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, MinidlError | OSError | MemoryError):
            text = f"unexpected {type(error).__name__}: {text} (--debug shows where)"
    print(f"minidl {options.command}: {text}", file=sys.stderr)
    return status


def to_json(content: dict[str, Any]) -> str:
    """Return JSON, in which numbers that are not finite are null."""
    plain = json.loads(json.dumps(content, default=os.fspath), parse_constant=lambda _: None)
    return json.dumps(plain, indent=2)


def tell(options: argparse.Namespace, content: dict[str, Any], lines: list[str], *, wrong: bool = False) -> int:
    """Print the lines, or JSON, and return the exit status."""
    for line in [to_json({"command": options.command, **content})] if options.json else lines:
        print(line)
    return int(wrong)


def number(kind: type, rule: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """Return a type for argparse; `rule` says what `fits`."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and fits(value)):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return parse


WHOLE_OR_0 = number(int, "a whole number >= 0", lambda n: n >= 0)
WHOLE = number(int, "a whole number >= 1", lambda n: n >= 1)
POSITIVE = number(float, "a number > 0", lambda n: n > 0)
NOT_NEGATIVE = number(float, "a number >= 0", lambda n: n >= 0)
SHARE = number(float, "a number in (0, 1]", lambda n: 0 < n <= 1)
SEED = number(int, "a whole number from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)


def _widths(text: str) -> list[int]:
    try:
        return [] if text == "none" else [WHOLE(part) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        rule = 'whole numbers >= 1 with commas between, such as 20,7,5, or "none"'
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}") from None


class Usual(NamedTuple):
    """The settings where no option is given; `rates` for `DESCENT` and `ADAPTIVE`."""

    layers: str
    epochs: int
    optimizer: str = "gd"
    rates: tuple[float, float] = (0.0075, 1e-5)
    batch_size: int | None = None
    init: str = "xavier"

    def __str__(self) -> str:
        how = f"{self.optimizer} at {self.rates[self.optimizer in ADAPTIVE]:g}, batches of {self.batch_size or 'the whole set'}"
        return f"layers {self.layers}, {how}, init {self.init}, {self.epochs:,} epochs"


def add_options(parser: argparse.ArgumentParser, usual: Usual | None, *, training: bool = True, seed: bool = True) -> None:
    """Add the options of a network; `usual` is for the help, and `settle` fills it in."""
    told: dict[str, Any] = {"keep_prob": "1.0, no dropout", "clip_norm": "as they are"}
    if usual is None:
        told |= dict.fromkeys((*Usual._fields, "learning_rate"), "the set's")
    else:
        rates = [f"{rate:g} for {', '.join(names)}" for rate, names in zip(usual.rates, (DESCENT, ADAPTIVE), strict=True)]
        told |= usual._asdict() | {"learning_rate": "; ".join(rates), "batch_size": usual.batch_size or "the whole set"}

    def add(group: Any, name: str, text: str, **settings: Any) -> None:
        default = told.get(name[2:].replace("-", "_"), "%(default)s")
        group.add_argument(name, help=f"{text} (default: {default})", **settings)

    net = parser.add_argument_group("the network")
    add(net, "--layers", 'widths of the hidden layers, or "none"', type=_widths, metavar="W,W,...")
    add(net, "--activation", "between the layers", choices=ACTIVATIONS, default="relu")
    add(net, "--init", "how the first weights are drawn", choices=INITIALIZERS)
    add(net, "--l2", "L2 penalty", type=NOT_NEGATIVE, default=0.0, metavar="LAMBDA")
    add(net, "--keep-prob", "share of hidden units that dropout keeps", type=SHARE, default=1.0, metavar="P")
    if seed:
        add(net, "--seed", "where all chance comes from; 1 is the course's", type=SEED, default=1, metavar="N")
    if not training:
        return
    add(net, "--dtype", "what is computed in", choices=("float32", "float64"), default="float32")
    how = parser.add_argument_group("the training")
    add(how, "--epochs", "passes over the examples", type=WHOLE, metavar="N")
    add(how, "--optimizer", "how a step is made", choices=OPTIMIZERS)
    add(how, "--learning-rate", "size of a step", type=POSITIVE, metavar="R")
    text = "how that changes: falls to a hundredth, in two steps or evenly, or to 0 by half a wave"
    add(how, "--schedule", text, choices=SCHEDULES, default="constant")
    add(how, "--warm-up", "epochs in which it rises from 0 first", type=WHOLE_OR_0, default=0, metavar="N")
    add(how, "--clip-norm", "shorten longer gradients to this norm", type=POSITIVE, metavar="C")
    add(how, "--batch-size", "examples per step", type=WHOLE, metavar="N")


def settle(options: argparse.Namespace, usual: Usual) -> None:
    """Fill in what was not given."""
    for name, value in usual._asdict().items():
        if name in options and getattr(options, name) is None:
            setattr(options, name, _widths(value) if name == "layers" else value)
    if "learning_rate" in options and options.learning_rate is None:
        options.learning_rate = usual.rates[options.optimizer in ADAPTIVE]


def build(options: argparse.Namespace, features: int, outputs: int) -> Sequential:
    """Return the model; it ends in a softmax, or in a sigmoid for one output."""
    init = INITIALIZERS[options.init]()
    layers: list[Layer] = []
    for width in options.layers:
        layers += [Linear(features, width, init=init), ACTIVATIONS[options.activation]()]
        layers += [Dropout(options.keep_prob)] if options.keep_prob < 1 else []
        features = width
    last, loss = (Sigmoid(), BinaryCrossEntropy()) if outputs == 1 else (Softmax(), CategoricalCrossEntropy())
    layers += [Linear(features, outputs, init=init), last]
    penalties = [L2(options.l2)] if options.l2 else []
    seed = np.random.RandomState(options.seed)  # the course's, which draws its weights
    return Sequential(layers, loss=loss, penalties=penalties, seed=seed, dtype=getattr(options, "dtype", "float64"))


def make_optimizer(options: argparse.Namespace, rows: int) -> Optimizer:
    """Return the optimizer for so many rows."""
    batches = math.ceil(rows / (options.batch_size or rows))
    rise, steps = options.warm_up * batches, options.epochs * batches
    if rise >= steps:
        raise ArgumentError(f"--warm-up must be less than --epochs, got {options.warm_up} of {options.epochs}")
    rate = SCHEDULES[options.schedule](options.learning_rate, steps - rise)
    return OPTIMIZERS[options.optimizer](WarmUp(rise, then=rate) if rise else rate, clip_norm=options.clip_norm)


def shape_of(model: Sequential) -> str:
    """Return the widths of a network as "2-16-1"."""
    linear = [layer for layer in model.layers if isinstance(layer, Linear)]
    return "-".join(map(str, [linear[0].weight.shape[1], *(layer.weight.shape[0] for layer in linear)]))
