"""Write torch_reference.json: what PyTorch computes for each layer, loss, small net and optimizer, in float64.

Run it in an environment of its own, for torch is far too heavy for the tests: `pip install torch==2.13.0 numpy`, then
`python tests/reference/make_torch_reference.py`. All gradients come from torch's autograd.

Momentum: minidl's is v = beta v + (1 - beta) g from v = 0. torch.optim.SGD(momentum=beta, dampening=1 - beta) starts at v = g
instead, so the step is written out here on torch tensors; GradientDescent and Adam are torch.optim.SGD and torch.optim.Adam.
Nesterov(a, beta) is SGD(a * (1 - beta), momentum=beta, nesterov=True); RMSProp's beta is torch's alpha. Clipping is written out: torch
adds 1e-6 to the norm that it divides by.
"""

import json
from pathlib import Path

import torch
from torch import nn

STEPS = 20
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

LAYERS = {
    "Linear(3, 4)": (nn.Linear(3, 4), (5, 3)),
    "Linear(3, 4, bias=False)": (nn.Linear(3, 4, bias=False), (5, 3)),
    "ReLU()": (nn.ReLU(), (5, 3)),
    "LeakyReLU(0.01)": (nn.LeakyReLU(0.01), (5, 3)),
    "LeakyReLU(0.3)": (nn.LeakyReLU(0.3), (5, 3)),
    "Sigmoid()": (nn.Sigmoid(), (5, 3)),
    "Tanh()": (nn.Tanh(), (5, 3)),
    "Softmax()": (nn.Softmax(dim=-1), (5, 3)),
    "Flatten()": (nn.Flatten(), (5, 2, 3)),
}


def layer(module, shape):
    x = torch.randn(shape).mul(2).requires_grad_()
    y = module(x)
    cotangent = torch.randn(y.shape)
    y.backward(cotangent)
    case = {"x": x, "y": y, "dy": cotangent, "dx": x.grad}
    return case | {name: {"value": p, "grad": p.grad} for name, p in module.named_parameters()}


def loss(function, prediction, target):
    prediction.requires_grad_()
    value = function(prediction, target)
    value.backward()
    return {"prediction": prediction, "target": target, "value": value, "gradient": prediction.grad}


def losses():
    hard, soft = torch.randint(2, (6, 2)).double(), torch.rand(6, 2)
    classes, shares = (
        nn.functional.one_hot(torch.randint(3, (6,)), 3).double(),
        torch.rand(6, 3).softmax(dim=1),
    )

    def of_probabilities(p, t):
        return -(t * p.log()).sum() / len(t)

    yield from (
        ("BinaryCrossEntropy", loss(nn.BCELoss(), torch.rand(6, 2), t)) for t in (hard, soft)
    )
    yield from (
        ("SigmoidCrossEntropy", loss(nn.BCEWithLogitsLoss(), torch.randn(6, 2) * 5, t))
        for t in (hard, soft)
    )
    yield from (
        ("CategoricalCrossEntropy", loss(of_probabilities, torch.randn(6, 3).softmax(dim=1), t))
        for t in (classes, shares)
    )
    yield from (
        ("SoftmaxCrossEntropy", loss(nn.CrossEntropyLoss(), torch.randn(6, 3) * 5, t))
        for t in (classes, shares)
    )
    yield "MeanSquaredError", loss(nn.MSELoss(), torch.randn(6, 2), torch.randn(6, 2))


def nets():
    """Yield name, layers as minidl writes them, module, X, Y, the loss, and the penalty as (name, function of weights and m)."""
    X = torch.randn(12, 4)
    yield (
        "binary",
        ["Linear(4, 5)", "ReLU()", "Linear(5, 3)", "ReLU()", "Linear(3, 1)", "Sigmoid()"],
        nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 1)),
        (
            X,
            (X.sum(dim=1, keepdim=True) > 0).double(),
            nn.BCEWithLogitsLoss(),
            "BinaryCrossEntropy()",
        ),
        ("", lambda weights, m: 0.0),
    )
    yield (
        "classes",
        ["Linear(4, 6)", "Tanh()", "Linear(6, 4)", "LeakyReLU(0.1)", "Linear(4, 3)", "Softmax()"],
        nn.Sequential(
            nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4), nn.LeakyReLU(0.1), nn.Linear(4, 3)
        ),
        (
            X,
            nn.functional.one_hot(torch.arange(12) % 3, 3).double(),
            nn.CrossEntropyLoss(),
            "CategoricalCrossEntropy()",
        ),
        ("L2(0.7)", lambda weights, m: 0.7 / (2 * m) * sum((w**2).sum() for w in weights)),
    )
    yield (
        "regression",
        ["Flatten()", "Linear(4, 5)", "Sigmoid()", "Linear(5, 2)"],
        nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Sigmoid(), nn.Linear(5, 2)),
        (X.reshape(12, 2, 2), torch.randn(12, 2), nn.MSELoss(), "MeanSquaredError()"),
        ("L1(0.3)", lambda weights, m: 0.3 / m * sum(w.abs().sum() for w in weights)),
    )


class Momentum:
    """The course's momentum, on torch tensors."""

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
    """An optimizer that is given gradients of at most some norm."""

    def __init__(self, optimizer, most):
        self.optimizer, self.most = optimizer, most

    def step(self):
        gradients = [p.grad for group in self.optimizer.param_groups for p in group["params"]]
        norm = torch.nn.utils.get_total_norm(gradients)
        for gradient in gradients:
            gradient.mul_((self.most / norm).clamp(max=1))
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


def train(module, data, penalty, make):
    X, Y, criterion, _ = data
    optimizer, objectives, first_gradient = make(module.parameters()), [], None
    for _ in range(STEPS):
        module.zero_grad()
        weights = [p for p in module.parameters() if p.ndim == 2]
        total = criterion(module(X), Y) + penalty(weights, len(X))
        total.backward()
        first_gradient = (
            flat(module, lambda p: p.grad) if first_gradient is None else first_gradient
        )
        objectives.append(total)
        optimizer.step()
    return {
        "objectives": torch.stack(objectives),
        "gradient": first_gradient,
        "theta": flat(module),
    }


def net(layers, module, data, penalty):
    start = {name: value.clone() for name, value in module.state_dict().items()}
    case = {
        "layers": layers,
        "loss": data[3],
        "penalty": penalty[0],
        "X": data[0],
        "Y": data[1],
        "start": flat(module),
        "training": {},
    }
    for name, make in OPTIMIZERS.items():
        module.load_state_dict(start)
        case["training"][name] = train(module, data, penalty[1], make)
    return case


def rates(make):
    """Return the learning rates of 25 steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule, found = make(optimizer), []
    for _ in range(25):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def smoothed():
    """Yield losses with smoothed targets: by torch where it has this, of logits and k classes; by hand, as in Keras, for the others."""
    hard = torch.randint(2, (6, 2)).double()
    classes, shares = (
        nn.functional.one_hot(torch.randint(3, (6,)), 3).double(),
        torch.rand(6, 3).softmax(dim=1),
    )
    for t in (classes, shares):
        yield (
            "SoftmaxCrossEntropy",
            0.1,
            loss(nn.CrossEntropyLoss(label_smoothing=0.1), torch.randn(6, 3) * 5, t),
        )

    def by_hand(criterion):
        return lambda p, t: criterion(p, t * (1 - 0.3) + 0.3 / 2)

    def categorical(p, t):
        return -((t * (1 - 0.3) + 0.3 / 3) * p.log()).sum() / len(t)

    yield (
        "SigmoidCrossEntropy",
        0.3,
        loss(by_hand(nn.BCEWithLogitsLoss()), torch.randn(6, 2) * 5, hard),
    )
    yield "BinaryCrossEntropy", 0.3, loss(by_hand(nn.BCELoss()), torch.rand(6, 2), hard)
    yield (
        "CategoricalCrossEntropy",
        0.3,
        loss(categorical, torch.randn(6, 3).softmax(dim=1), classes),
    )


def plain(thing):
    return thing.tolist() if isinstance(thing, torch.Tensor) else str(thing)


reference = {
    "source": f"torch {torch.__version__}, float64, by make_torch_reference.py",
    "layers": {name: layer(*case) for name, case in LAYERS.items()},
    "losses": [{"loss": name, **case} for name, case in losses()],
    "nets": {name: net(*case) for name, *case in nets()},
    "smoothed": [
        {"loss": name, "label_smoothing": share, **case} for name, share, case in smoothed()
    ],
    "schedules": {name: rates(make) for name, make in SCHEDULES.items()},
}
if __name__ == "__main__":
    Path(__file__).with_name("torch_reference.json").write_text(
        json.dumps(reference, default=plain, indent=None) + "\n"
    )
