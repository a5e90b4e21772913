"""Functions as notebooks of the course write them, and their data."""

import numpy as np

SHAPES = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}


def data():
    """Return (X, Y, parameters): three examples as columns."""
    rng = np.random.RandomState(1)
    X, Y = rng.randn(4, 3), np.array([[1, 1, 0]])
    return X, Y, {name: rng.randn(*shape) for name, shape in SHAPES.items()}


def relu(Z):
    return np.maximum(0, Z)


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def compute_cost(AL, Y):
    m = Y.shape[1]
    logprobs = np.multiply(-np.log(AL), Y) + np.multiply(-np.log(1 - AL), 1 - Y)
    return np.squeeze(1.0 / m * np.sum(logprobs))


def forward_propagation_n(X, Y, parameters):
    A3, cache = forward_propagation(X, parameters)
    return compute_cost(A3, Y), cache


def forward_propagation(X, parameters):
    W1, b1, W2, b2, W3, b3 = (parameters[name] for name in SHAPES)
    Z1 = W1 @ X + b1
    A1 = relu(Z1)
    Z2 = W2 @ A1 + b2
    A2 = relu(Z2)
    Z3 = W3 @ A2 + b3
    A3 = sigmoid(Z3)
    return A3, (Z1, A1, W1, b1, Z2, A2, W2, b2, Z3, A3, W3, b3)


def backward_propagation_n(X, Y, cache):
    return backward_with_mistakes(X, Y, cache, w2=1.0, b1=1.0)


def backward_with_mistakes(X, Y, cache, w2=2.0, b1=4.0):
    """Go back, by default with the two mistakes of the notebook."""
    m = X.shape[1]
    (_Z1, A1, _W1, _b1, _Z2, A2, W2, _b2, _Z3, A3, W3, _b3) = cache
    dZ3 = A3 - Y
    dA2 = W3.T @ dZ3
    dZ2 = dA2 * np.int64(A2 > 0)
    dA1 = W2.T @ dZ2
    dZ1 = dA1 * np.int64(A1 > 0)
    return {
        "dZ3": dZ3,
        "dW3": 1.0 / m * dZ3 @ A2.T,
        "db3": 1.0 / m * np.sum(dZ3, axis=1, keepdims=True),
        "dA2": dA2,
        "dZ2": dZ2,
        "dW2": 1.0 / m * dZ2 @ A1.T * w2,
        "db2": 1.0 / m * np.sum(dZ2, axis=1, keepdims=True),
        "dA1": dA1,
        "dZ1": dZ1,
        "dW1": 1.0 / m * dZ1 @ X.T,
        "db1": b1 / m * np.sum(dZ1, axis=1, keepdims=True),
    }


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    squares = sum(np.sum(np.square(parameters[name])) for name in ("W1", "W2", "W3"))
    return compute_cost(A3, Y) + lambd / (2 * Y.shape[1]) * squares


def backward_propagation_with_regularization(X, Y, cache, lambd):
    gradients = backward_propagation_n(X, Y, cache)
    for layer, position in ((1, 2), (2, 6), (3, 10)):
        gradients[f"dW{layer}"] = gradients[f"dW{layer}"] + lambd / X.shape[1] * cache[position]
    return gradients


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    """Draw the masks without a seed, as students do who forget it."""
    W1, b1, W2, b2, W3, b3 = (parameters[name] for name in SHAPES)
    A1 = relu(W1 @ X + b1)
    D1 = np.random.rand(*A1.shape) < keep_prob  # noqa: NPY002
    A1 = A1 * D1 / keep_prob
    A2 = relu(W2 @ A1 + b2)
    D2 = np.random.rand(*A2.shape) < keep_prob  # noqa: NPY002
    A2 = A2 * D2 / keep_prob
    A3 = sigmoid(W3 @ A2 + b3)
    return A3, (D1, A1, W1, D2, A2, W2, A3, W3)


def backward_propagation_with_dropout(X, Y, cache, keep_prob):
    m = X.shape[1]
    D1, A1, _W1, D2, A2, W2, A3, W3 = cache
    dZ3 = A3 - Y
    dZ2 = (W3.T @ dZ3) * D2 / keep_prob * (A2 > 0)
    dZ1 = (W2.T @ dZ2) * D1 / keep_prob * (A1 > 0)
    return {
        "dW3": dZ3 @ A2.T / m,
        "db3": np.sum(dZ3, axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m,
        "db2": np.sum(dZ2, axis=1, keepdims=True) / m,
        "dW1": dZ1 @ X.T / m,
        "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
    }


def L_model_forward(X, parameters):
    caches, A = [], X
    for layer in (1, 2, 3):
        A_prev, W, b = A, parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = np.dot(W, A_prev) + b
        A = relu(Z) if layer < 3 else sigmoid(Z)
        caches.append(((A_prev, W, b), Z))
    return A, caches


def L_model_backward(AL, Y, caches):
    grads, m = {}, AL.shape[1]
    Y = Y.reshape(AL.shape)
    dA = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    for layer in (3, 2, 1):
        (A_prev, W, _b), Z = caches[layer - 1]
        dZ = dA * sigmoid(Z) * (1 - sigmoid(Z)) if layer == 3 else dA * (Z > 0)
        grads[f"dW{layer}"] = dZ @ A_prev.T / m
        grads[f"db{layer}"] = np.sum(dZ, axis=1, keepdims=True) / m
        dA = grads[f"dA{layer - 1}"] = W.T @ dZ
    return grads


def propagate(w, b, X, Y):
    """Logistic regression: gradients and cost at once."""
    m = X.shape[1]
    A = sigmoid(w.T @ X + b)
    grads = {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}
    return grads, np.squeeze(np.sum(-(Y * np.log(A) + (1 - Y) * np.log(1 - A))) / m)


def planar_forward(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = sigmoid(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def planar_cost(A2, Y, parameters):
    return float(compute_cost(A2, Y)) if parameters["W1"].dtype.kind == "f" else compute_cost(A2, Y)


def planar_backward(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = (parameters["W2"].T @ dZ2) * (1 - cache["A1"] ** 2)
    return {
        "dW1": dZ1 @ X.T / m,
        "db1": np.sum(dZ1, axis=1, keepdims=True) / m,
        "dW2": dZ2 @ cache["A1"].T / m,
        "db2": np.sum(dZ2, axis=1, keepdims=True) / m,
    }


def planar_parameters():
    rng = np.random.RandomState(2)
    return {
        "W1": rng.randn(4, 4),
        "b1": rng.randn(4, 1),
        "W2": rng.randn(1, 4),
        "b2": rng.randn(1, 1),
    }
