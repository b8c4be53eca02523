"""The learning tasks: their batches by definition, and what each cell learns of them."""

import re

import numpy as np
import pytest

from demos import task_adding, task_copy, task_order, task_reber

SMALL = ("--iterations", "2", "--hidden", "3", "--seeds", "1")
TASKS = ["task_adding", "task_copy", "task_order", "task_reber"]


@pytest.mark.parametrize("name", TASKS)
def test_it_runs_small(name, demo, tmp_path):
    steps = () if name == "task_reber" else ("--steps", "6")
    status, said, error = demo(name, *SMALL, *steps, "--out", tmp_path / "new")
    assert (status, error) == (0, "")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["chart.svg"]
    rows = [line.split() for line in said.splitlines() if re.match(r"(RNN|GRU|LSTM) +\d", line)]
    assert [row[:3] for row in rows] == [[kind, "0", "2"] for kind in ("RNN", "GRU", "LSTM")]
    assert [row[4] for row in rows] == ["no"] * 3
    assert "\nChange " in said
    assert all(len(line) <= 100 for line in said.splitlines() if str(tmp_path) not in line)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_gates_learn_to_add_over_50_steps(kind, seed):
    errors, met = task_adding.train(kind, seed, 50, 1500, 32)
    assert met
    assert errors[-1] < 0.01
    assert len(errors) <= 15


@pytest.mark.parametrize("seed", range(3))
def test_a_tanh_rnn_does_not(seed):
    errors, met = task_adding.train("RNN", seed, 50, 1500, 32)
    assert not met
    assert min(errors) > 0.1
    assert np.median(errors) == pytest.approx(1 / 6, abs=0.03)


def test_who_learns_nothing_of_adding_has_a_sixth():
    x, y = task_adding.batch(np.random.default_rng(0), 20_000, 8)
    assert np.mean(np.square(y - 1)) == pytest.approx(1 / 6, abs=0.005)
    assert set(np.unique(x[:, :, 1])) == {0, 1}
    assert (x[:4, :, 1].sum(axis=0) == 1).all()
    assert (x[4:, :, 1].sum(axis=0) == 1).all()


def test_the_gru_learns_the_temporal_order():
    accuracies, met = task_order.train("GRU", 0, 30, 1500, 32)
    assert met, accuracies


def test_the_order_is_that_of_the_two_signals():
    x, order = task_order.batch(np.random.default_rng(0), 500, 30)
    symbols = x.argmax(axis=-1)
    for n in range(500):
        first, second = [s for s in symbols[:, n] if s < 2]
        assert order[n] == 2 * first + second
    assert set(order) == {0, 1, 2, 3}
    signal = (symbols < 2).any(axis=1)
    assert np.flatnonzero(signal).tolist() == [3, 4, 5, 15, 16, 17]


def test_the_baseline_of_copying_is_that_of_who_remembers_nothing():
    """Certain of the blanks, even over the eight letters at the end."""
    steps = 7
    x, classes = task_copy.batch(np.random.default_rng(0), 50, steps)
    probability = np.where(classes == 0, 1.0, 1 / 8)
    assert -np.log(probability).mean() == pytest.approx(task_copy.baseline(steps), rel=1e-12)
    assert task_copy.baseline(20) == pytest.approx(10 * np.log(8) / 40)
    assert (x.argmax(axis=-1)[:10] == classes[-10:]).all()
    assert x[16].argmax(axis=-1).tolist() == [9] * 50  # the cue: ten steps of answer follow


def test_the_gru_gets_below_the_baseline_of_copying():
    losses, met = task_copy.train("GRU", 0, 5, 700, 48)
    assert met, np.array(losses) / task_copy.baseline(5)


def test_the_words_are_those_of_the_grammar():
    rng = np.random.default_rng(0)
    for _ in range(200):
        letters, allowed = task_reber.word(rng)
        assert letters[0] == "B"
        assert letters[1] == letters[-2] in "TP"
        assert letters[-1] == letters[-3] == "E"
        assert len(letters) == len(allowed)
        assert all(letter in may for letter, may in zip(letters, allowed, strict=True))
        assert walks(letters[2:-2])


def walks(letters):
    """The inner grammar once more, as a table of its own: Reber's graph from B to E."""
    graph = {
        "start": {"B": "0"},
        "0": {"T": "1", "P": "2"},
        "1": {"S": "1", "X": "3"},
        "2": {"T": "2", "V": "4"},
        "3": {"X": "2", "S": "end"},
        "4": {"P": "3", "V": "end"},
        "end": {"E": "over"},
    }
    place = "start"
    for letter in letters:
        place = graph[place].get(letter, "lost")
        if place == "lost":
            return False
    return place == "over"


def test_the_lstm_learns_what_brackets_a_word():
    shares, met = task_reber.train("LSTM", 1, 1000, 16)
    assert met, shares
