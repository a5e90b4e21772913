"""`python -m experiments.sequences --quick`: the RNN fails, LSTM and GRU learn, as do names."""

import sys

import numpy as np
import pytest
from studies import ROOT, assert_files, results, row, run

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments import adding, characters, sequences

FIGURES = ("adding.png", "gradient.png", "characters.png")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("sequences") / "new"
    return run("sequences", "--quick", "--out", out), out


def test_the_rnn_fails_where_lstm_and_gru_learn(quick):
    done, out = quick
    assert done.returncode == 0, done.stderr
    (found,) = results(out)["adding"].values()
    error = {name: one["test_error"][0][-1] for name, one in found["runs"].items()}
    assert error["RNN"] > 0.12
    assert max(error["LSTM"], error["GRU"]) < 0.02
    learned = {name: row(done.stdout, name)[-4] for name in error}
    assert learned == {"RNN": "0", "LSTM": "1", "GRU": "1"}


def test_only_gates_let_the_gradient_through_once_trained(quick):
    (found,) = results(quick[1])["adding"].values()
    first = {name: one["gradient_after"][0][0] for name, one in found["runs"].items()}
    assert first["RNN"] < 1e-3
    assert min(first["LSTM"], first["GRU"]) > 0.1
    for one in found["runs"].values():
        assert one["gradient_before"][0][0] < 0.2
        assert one["gradient_before"][0][-1] == one["gradient_after"][0][-1] == 1


def test_the_letters_are_learned_beyond_pairs_and_new_names_are_written(quick):
    found = results(quick[1])["characters"]
    assert found["cross_entropy"] < min(found["baselines"].values())
    assert found["baselines"]["every letter alike"] == pytest.approx(3.9512, abs=1e-4)  # ln 52
    assert len(found["written"]) == 20
    assert found["new"] > 10
    assert all(f"  {line}\n" in quick[0].stdout for line in found["written"])


def test_writes_figures_that_show_something(quick):
    assert_files(quick[1], *FIGURES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\n\n two \n", "--text must have 20 lines or more that are not blank"),
        (b"\xff\xfe\n", "--text must be UTF-8"),
        (None, "no such file"),
    ],
)
def test_a_text_that_cannot_be_learned_is_one_line_before_any_training(
    tmp_path, monkeypatch, capsys, content, message
):
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(adding, "train_all", lambda *_: pytest.fail("it trains"))
    assert sequences.main(["--text", str(path), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


def test_texts_become_padded_numbers_and_come_back(tmp_path):
    path = tmp_path / "text"
    path.write_text("\n".join(["ab", "", "  c  ", "a" * 200, *(["b"] * 20)]), encoding="utf-8")
    text = characters.read_text(path)
    assert text.lines[:3] == ["ab", "c", "a" * 80]
    assert (text.letters, text.n_tokens) == ("abc", 4)
    X, Y, weights = text.encode(["ab", "c"])
    assert X.tolist() == [[0, 1, 2], [0, 3, 0]]
    assert Y.tolist() == [[1, 2, 0], [3, 0, 0]]
    assert weights.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert text.decode([1, 2]) == "ab"


def test_pairs_are_counted_as_by_hand():
    weights = np.array([[1.0, 1.0, 0.0]])  # the last step is padding
    data = np.array([[0, 1, 1]]), np.array([[1, 1, 0]]), weights
    found = characters.baselines(2, data, data)
    assert found["every letter alike"] == pytest.approx(np.log(2))
    assert found["how frequent a letter is"] == pytest.approx(-np.log(2.2 / 2.4))
    assert found["which letter follows which"] == pytest.approx(-np.log(1.1 / 1.2))
    other = np.array([[0, 0]]), np.array([[1, 0]]), np.ones((1, 2))
    of_others = characters.baselines(2, data, other)["which letter follows which"]
    assert of_others == pytest.approx(-np.log(1.1 / 1.2 * 0.1 / 1.2) / 2)


def test_the_adding_problem_has_two_marks_and_their_sum():
    X, Y = adding.draw(50, 9, np.random.default_rng(0))
    assert (X[:, :4, 1].sum(axis=1) == 1).all()
    assert (X[:, 4:, 1].sum(axis=1) == 1).all()
    np.testing.assert_allclose((X[..., 0] * X[..., 1]).sum(axis=1, keepdims=True), Y, rtol=1e-6)
    assert ((X[..., 0] >= 0) & (X[..., 0] < 1)).all()


def test_help_and_a_bad_seed(capsys):
    with pytest.raises(SystemExit, match="0"):
        sequences.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for phrase in (
        "(default: results/sequences)",
        "examples: python -m experiments.sequences",
        "Expect",
    ):
        assert phrase in text
    with pytest.raises(SystemExit, match="2"):
        sequences.main(["--seed", "-1"])
    assert "argument --seed: must be an integer" in capsys.readouterr().err


def test_lines_end_where_the_model_ends_them_or_at_the_longest():
    text = characters.Text(["ab"], "ab")

    class Spells:
        """A model that writes what follows each letter, with certainty."""

        def __init__(self, following):
            self.following = np.array(following)

        def predict(self, tokens):
            return np.eye(3)[self.following[tokens]]

    assert characters.write_lines(Spells([1, 2, 0]), text, 2, 0) == ["ab", "ab"]
    assert characters.write_lines(Spells([2, 1, 2]), text, 1, 0) == ["b" * characters.MAX_LENGTH]
