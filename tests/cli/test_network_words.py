"""Networks in words: what each makes, and what is answered to wrong ones."""

import pytest

from minidl import ArgumentError, CategoricalCrossEntropy, He, Sequential
from minidl.cli import main
from minidl.cli.network_words import ACTIVATIONS, WORDS, layers_of_words, words_help


def described(text, shape, n_outputs):
    return [str(layer) for layer in layers_of_words(text, shape, n_outputs, He())]


def test_a_network_for_pictures_begins_with_their_shape():
    words = "conv 8 3, relu, pool 2, flatten, linear 6"
    layers = layers_of_words(words, (16, 16, 3), 6, He())
    assert [str(layer) for layer in layers] == [
        "Reshape((16, 16, 3))",
        "Conv2D(3, 8, 3)",
        "ReLU()",
        "MaxPool2D(2)",
        "Flatten()",
        "Linear(392, 6)",
        "Softmax()",
    ]
    model = Sequential(layers, loss=CategoricalCrossEntropy())
    assert model.predict([[0.5] * 768]).shape == (1, 6)  # rows, as datasets have


@pytest.mark.parametrize(
    ("text", "shape", "n_outputs", "expected"),
    [
        ("linear 4, tanh, linear 1", (2,), 1, ["Linear(2, 4)", "Tanh()", "Linear(4, 1)"]),
        ("linear 3", (4, 4, 3), 3, ["Linear(48, 3)"]),
        (
            "conv 4 3 stride=2 padding=same, batch-norm, avg-pool 2 stride=1, "
            "global-pool, linear 1",
            (9, 9, 3),
            1,
            [
                "Reshape((9, 9, 3))",
                "Conv2D(3, 4, 3, stride=2, padding='same')",
                "BatchNorm(4)",
                "AvgPool2D(2, stride=1)",
                "GlobalAvgPool2D()",
                "Linear(4, 1)",
            ],
        ),
        (
            "reshape 6 2, positions, attention 2 causal=1, layer-norm, "
            "lstm 5 sequences=0, linear 1",
            (12,),
            1,
            [
                "Reshape((6, 2))",
                "PositionalEncoding(2)",
                "SelfAttention(2, heads=2, causal=True)",
                "LayerNorm(2)",
                "LSTM(2, 5, return_sequences=False)",
                "Linear(5, 1)",
            ],
        ),
        ("linear 8, dropout 0.8, leaky-relu, linear 1", (2,), 1, None),
        ("reshape 3 1, gru 4, rnn 2, flatten, linear 2", (3,), 2, None),
        ("reshape 2 2 1, upsample 2, flatten, linear 2", (4,), 2, None),
    ],
)
def test_words_make_layers(text, shape, n_outputs, expected):
    made = described(text, shape, n_outputs)
    assert made[-1] == ("Sigmoid()" if n_outputs == 1 else "Softmax()")
    assert expected is None or made[:-1] == expected


def test_every_activation_of_the_command_line_is_a_word():
    assert ACTIVATIONS.keys() < WORDS.keys()
    for name, kind in ACTIVATIONS.items():
        assert described(f"{name}, linear 1", (2,), 1)[0] == str(kind())


def test_the_help_names_each_word_with_what_follows_it():
    text = words_help()
    assert "linear WIDTH, conv FILTERS SIZE [stride=S] [padding=P|same]" in text
    assert all(name in text for name in WORDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"--net, word 1, '': must begin with one of linear, conv, .*, got ''"),
        ("relu,, linear 1", r"word 2, '': must begin with one of"),
        ("dense 4", r"word 1, 'dense 4': must begin with one of .*, got 'dense'"),
        ("conv 8", r"word 1, 'conv 8': must be 'conv FILTERS SIZE .*', got 'conv 8'"),
        ("conv 8 3 strid=2", r"must be 'conv FILTERS SIZE \[stride=S\]"),
        ("relu 3", r"word 1, 'relu 3': must be 'relu', got 'relu 3'"),
        ("conv 8 3.5", r"word 1, 'conv 8 3.5': kernel_size must be"),
        ("dropout 2", r"word 1, 'dropout 2': keep_prob must be in \(0, 1\], got 2"),
        ("conv 8 99", r"word 1, 'conv 8 99': .*99"),
        ("flatten, conv 8 3", r"word 2, 'conv 8 3': expects pictures \(h, w, \d+\)"),
        ("attention 2", r"word 1, 'attention 2': heads must divide features, got 2 heads and 3"),
        ("flatten, linear 5", r"3 classes need 3 outputs, but the last layer gives \(5,\): end in"),
        ("conv 3 3", r"3 classes need 3 outputs, but the last layer gives \(6, 6, 3\)"),
    ],
)
def test_wrong_words_are_answered_with_the_place_and_the_rule(text, message):
    with pytest.raises(ArgumentError, match=message):
        layers_of_words(text, (8, 8, 3), 3, He())


def test_one_output_is_named_as_one():
    with pytest.raises(ArgumentError, match="2 classes need 1 output, but the last layer gives"):
        layers_of_words("linear 2", (2,), 1, He())


def test_the_command_checks_and_trains_it(tmp_path, capsys):
    words = "linear 8, batch-norm, silu, linear 1"
    assert main(["check", "moons", "--net", words]) == 0
    assert "BatchNorm(8)" in capsys.readouterr().out
    out = str(tmp_path / "moons")
    assert main(["train", "moons", "--net", words, "--epochs", "30", "--out", out]) == 0
    assert "Linear(2, 8), BatchNorm(8), SiLU(), Linear(8, 1), Sigmoid()" in capsys.readouterr().out
    assert main(["evaluate", f"{out}/model.h5", "moons"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layers", "3"], "not allowed with argument --layers"),
        (["--activation", "tanh"], "--activation and --keep-prob belong to --layers"),
        (["--keep-prob", "0.8"], "write words such as tanh and dropout 0.8 into it"),
    ],
)
def test_options_of_layers_are_refused_beside_it(words, message, capsys):
    try:
        status = main(["train", "moons", *words, "--net", "linear 1"])
    except SystemExit as error:
        status = error.code
    assert status in (1, 2)
    assert message in capsys.readouterr().err
