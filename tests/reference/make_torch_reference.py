"""Write torch_reference.json: what PyTorch computes for each layer, loss, net and optimizer.

All in float64, with gradients from autograd. Run it in a separate environment, for torch is far
too heavy for the tests: `pip install torch==2.13.0 numpy`, then
`python tests/reference/make_torch_reference.py`. Each case is drawn from a separate seed, made
from its name, so that a new case changes no other.

Momentum: minidl's is v = beta v + (1 - beta) g from v = 0. torch.optim.SGD(momentum=beta,
dampening=1 - beta) starts at v = g instead, so the step is written out here on torch tensors;
GradientDescent and Adam are torch.optim.SGD and torch.optim.Adam. Nesterov(a, beta) is
SGD(a * (1 - beta), momentum=beta, nesterov=True); RMSProp's beta is torch's alpha. Clipping is
written out, because torch adds 1e-6 to the norm that it divides by.
"""

import json
import zlib
from pathlib import Path

import torch
from torch import nn

STEPS = 20
torch.set_default_dtype(torch.float64)


def seed(name):
    """Seed torch for a case; the name is hashed by CRC-32, which is the same on every machine."""
    torch.manual_seed(zlib.crc32(name.encode()))


LAYERS = {
    "Linear(3, 4)": (lambda: nn.Linear(3, 4), (5, 3)),
    "Linear(3, 4, bias=False)": (lambda: nn.Linear(3, 4, bias=False), (5, 3)),
    "ReLU()": (nn.ReLU, (5, 3)),
    "LeakyReLU(0.01)": (lambda: nn.LeakyReLU(0.01), (5, 3)),
    "LeakyReLU(0.3)": (lambda: nn.LeakyReLU(0.3), (5, 3)),
    "Sigmoid()": (nn.Sigmoid, (5, 3)),
    "Tanh()": (nn.Tanh, (5, 3)),
    "Softmax()": (lambda: nn.Softmax(dim=-1), (5, 3)),
    "Flatten()": (nn.Flatten, (5, 2, 3)),
}


def layer(name, make_module, shape):
    seed(f"layer {name}")
    module = make_module()
    x = torch.randn(shape).mul(2).requires_grad_()
    y = module(x)
    cotangent = torch.randn(y.shape)
    y.backward(cotangent)
    case = {"x": x, "y": y, "dy": cotangent, "dx": x.grad}
    return case | {name: {"value": p, "grad": p.grad} for name, p in module.named_parameters()}


def probabilities():
    return torch.rand(6, 2)


def logits():
    return torch.randn(6, 2) * 5


def class_probabilities():
    return torch.randn(6, 3).softmax(dim=1)


def class_logits():
    return torch.randn(6, 3) * 5


def binary_targets(kind):
    return torch.randint(2, (6, 2)).double() if kind == "hard" else torch.rand(6, 2)


def class_targets(kind):
    if kind == "hard":
        return nn.functional.one_hot(torch.randint(3, (6,)), 3).double()
    return torch.rand(6, 3).softmax(dim=1)


def categorical_cross_entropy(p, t):
    return -(t * p.log()).sum() / len(t)


def smooth(criterion, smoothing, n_classes):
    """Return a loss of smoothed targets, by the formula that Keras has."""
    return lambda p, t: criterion(p, t * (1 - smoothing) + smoothing / n_classes)


# Of each loss: criterion, prediction, targets and their kind.
LOSSES = [
    ("BinaryCrossEntropy", nn.BCELoss(), probabilities, binary_targets, "hard"),
    ("BinaryCrossEntropy", nn.BCELoss(), probabilities, binary_targets, "soft"),
    ("SigmoidCrossEntropy", nn.BCEWithLogitsLoss(), logits, binary_targets, "hard"),
    ("SigmoidCrossEntropy", nn.BCEWithLogitsLoss(), logits, binary_targets, "soft"),
    (
        "CategoricalCrossEntropy",
        categorical_cross_entropy,
        class_probabilities,
        class_targets,
        "hard",
    ),
    (
        "CategoricalCrossEntropy",
        categorical_cross_entropy,
        class_probabilities,
        class_targets,
        "soft",
    ),
    ("SoftmaxCrossEntropy", nn.CrossEntropyLoss(), class_logits, class_targets, "hard"),
    ("SoftmaxCrossEntropy", nn.CrossEntropyLoss(), class_logits, class_targets, "soft"),
    (
        "MeanSquaredError",
        nn.MSELoss(),
        lambda: torch.randn(6, 2),
        lambda kind: torch.randn(6, 2),
        "soft",
    ),
]
# With smoothed targets: by torch where it has this, of logits and k classes; else by the formula.
SMOOTHED = [
    (
        "SoftmaxCrossEntropy",
        0.1,
        nn.CrossEntropyLoss(label_smoothing=0.1),
        class_logits,
        class_targets,
        "hard",
    ),
    (
        "SoftmaxCrossEntropy",
        0.1,
        nn.CrossEntropyLoss(label_smoothing=0.1),
        class_logits,
        class_targets,
        "soft",
    ),
    (
        "SigmoidCrossEntropy",
        0.3,
        smooth(nn.BCEWithLogitsLoss(), 0.3, 2),
        logits,
        binary_targets,
        "hard",
    ),
    (
        "BinaryCrossEntropy",
        0.3,
        smooth(nn.BCELoss(), 0.3, 2),
        probabilities,
        binary_targets,
        "hard",
    ),
    (
        "CategoricalCrossEntropy",
        0.3,
        smooth(categorical_cross_entropy, 0.3, 3),
        class_probabilities,
        class_targets,
        "hard",
    ),
]


def loss(name, criterion, make_prediction, make_target, kind):
    seed(f"loss {name} {kind}")
    prediction, target = make_prediction().requires_grad_(), make_target(kind)
    value = criterion(prediction, target)
    value.backward()
    return {"prediction": prediction, "target": target, "value": value, "gradient": prediction.grad}


def binary_net():
    X = torch.randn(12, 4)
    return {
        "layers": ["Linear(4, 5)", "ReLU()", "Linear(5, 3)", "ReLU()", "Linear(3, 1)", "Sigmoid()"],
        "module": nn.Sequential(
            nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1)
        ),
        "X": X,
        "Y": (X.sum(dim=1, keepdim=True) > 0).double(),
        "criterion": nn.BCEWithLogitsLoss(),
        "loss": "BinaryCrossEntropy()",
        "penalty": "",
        "penalty_value": lambda weights, m: 0.0,
    }


def class_net():
    return {
        "layers": [
            "Linear(4, 6)",
            "Tanh()",
            "Linear(6, 4)",
            "LeakyReLU(0.1)",
            "Linear(4, 3)",
            "Softmax()",
        ],
        "module": nn.Sequential(
            nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4), nn.LeakyReLU(0.1), nn.Linear(4, 3)
        ),
        "X": torch.randn(12, 4),
        "Y": nn.functional.one_hot(torch.arange(12) % 3, 3).double(),
        "criterion": nn.CrossEntropyLoss(),
        "loss": "CategoricalCrossEntropy()",
        "penalty": "L2(0.7)",
        "penalty_value": lambda weights, m: 0.7 / (2 * m) * sum((w**2).sum() for w in weights),
    }


def regression_net():
    return {
        "layers": ["Flatten()", "Linear(4, 5)", "Sigmoid()", "Linear(5, 2)"],
        "module": nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 2)),
        "X": torch.randn(12, 2, 2),
        "Y": torch.randn(12, 2),
        "criterion": nn.MSELoss(),
        "loss": "MeanSquaredError()",
        "penalty": "L1(0.3)",
        "penalty_value": lambda weights, m: 0.3 / m * sum(w.abs().sum() for w in weights),
    }


NETS = {"binary": binary_net, "classes": class_net, "regression": regression_net}


class Momentum:
    """The momentum of minidl, on torch tensors."""

    def __init__(self, parameters, lr, beta=0.9):
        self.parameters, self.lr, self.beta = list(parameters), lr, beta
        self.param_groups = [{"params": self.parameters}]
        self.velocities = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self):
        for p, v in zip(self.parameters, self.velocities, strict=True):
            v.mul_(self.beta).add_(p.grad, alpha=1 - self.beta)
            p.sub_(self.lr * v)


class Clipped:
    """An optimizer whose gradients are rescaled to a maximum norm."""

    def __init__(self, optimizer, max_norm):
        self.optimizer, self.max_norm = optimizer, max_norm

    def step(self):
        gradients = [p.grad for group in self.optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm(gradients)
        for gradient in gradients:
            gradient.mul_((self.max_norm / norm).clamp(max=1))
        self.optimizer.step()


class Scheduled:
    """An optimizer whose learning rate follows a schedule, step by step."""

    def __init__(self, optimizer, schedule):
        self.optimizer, self.schedule = optimizer, schedule(optimizer)

    def step(self):
        self.optimizer.step()
        self.schedule.step()


def warm_cosine(optimizer):
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / 4, total_iters=3)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=16)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[4])


OPTIMIZERS = {
    "GradientDescent(0.5)": lambda p: torch.optim.SGD(p, lr=0.5),
    "Momentum(0.5)": lambda p: Momentum(p, lr=0.5),
    "Adam(0.05)": lambda p: torch.optim.Adam(p, lr=0.05),
    "Nesterov(0.5)": lambda p: torch.optim.SGD(p, lr=0.5 * (1 - 0.9), momentum=0.9, nesterov=True),
    "RMSProp(0.05)": lambda p: torch.optim.RMSprop(p, lr=0.05, alpha=0.9, eps=1e-8),
    "AdamW(0.05, weight_decay=0.3)": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.3),
    "Momentum(0.5, clip_norm=0.2)": lambda p: Clipped(Momentum(p, lr=0.5), 0.2),
    "AdamW(WarmUp(4, Cosine(0.05, 16)))": lambda p: Scheduled(
        torch.optim.AdamW(p, lr=0.05), warm_cosine
    ),
}
SCHEDULES = {
    "StepDecay(0.1, 7, 0.3)": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=7, gamma=0.3),
    "ExponentialDecay(0.1, 1, 0.9)": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.9),
    "Cosine(0.1, 25, 0.01)": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(
        o, T_max=25, eta_min=0.01
    ),
    "WarmUp(5, 0.1)": lambda o: torch.optim.lr_scheduler.LinearLR(
        o, start_factor=1 / 5, total_iters=4
    ),
}


def flat(module, of=lambda p: p):
    return torch.cat([of(p).detach().ravel() for p in module.parameters()])


def train(net, make_optimizer):
    module, X = net["module"], net["X"]
    optimizer, objectives, gradients = make_optimizer(module.parameters()), [], []
    for _ in range(STEPS):
        module.zero_grad()
        weights = [p for p in module.parameters() if p.ndim == 2]
        total = net["criterion"](module(X), net["Y"]) + net["penalty_value"](weights, len(X))
        total.backward()
        gradients.append(flat(module, lambda p: p.grad))
        objectives.append(total)
        optimizer.step()
    return {
        "objectives": torch.stack(objectives),
        "gradient": gradients[0],
        "theta": flat(module),
    }


def trainings(name, make_net):
    seed(f"net {name}")
    net = make_net()
    module = net["module"]
    start = {name: value.clone() for name, value in module.state_dict().items()}
    case = {key: net[key] for key in ("layers", "loss", "penalty", "X", "Y")}
    case |= {"start": flat(module), "training": {}}
    for optimizer, make_optimizer in OPTIMIZERS.items():
        module.load_state_dict(start)
        case["training"][optimizer] = train(net, make_optimizer)
    return case


def rates(make_schedule):
    """Return the learning rates of 25 steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule, learning_rates = make_schedule(optimizer), []
    for _ in range(25):
        learning_rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return learning_rates


def to_plain(value):
    return value.tolist() if isinstance(value, torch.Tensor) else str(value)


if __name__ == "__main__":
    reference = {
        "source": f"torch {torch.__version__}, float64, by make_torch_reference.py",
        "layers": {name: layer(name, *case) for name, case in LAYERS.items()},
        "losses": [{"loss": name, **loss(name, *case)} for name, *case in LOSSES],
        "nets": {name: trainings(name, make_net) for name, make_net in NETS.items()},
        "smoothed": [
            {"loss": name, "label_smoothing": smoothing, **loss(f"{name} smoothed", *case)}
            for name, smoothing, *case in SMOOTHED
        ],
        "schedules": {name: rates(make_schedule) for name, make_schedule in SCHEDULES.items()},
    }
    Path(__file__).with_name("torch_reference.json").write_text(
        json.dumps(reference, default=to_plain, indent=None) + "\n"
    )
