"""The exercises: right solutions pass, usual mistakes are named, bad files are one sentence."""

import re
import subprocess
import sys

import numpy as np
import pytest

import tinygrad_rnn as tr
from demos.common import UsageError
from demos.exercises.__main__ import EXERCISES, HERE, check, listing
from demos.exercises.checking.mistakes import mistakes
from demos.exercises.checking.recorded import Problem
from tests.demos.exercises.wrong import WRONG

NUMBERS = range(1, len(EXERCISES) + 1)


def solution(number):
    return HERE / "solutions" / f"{EXERCISES[number - 1].file}.py"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_solution_is_right(number):
    report = check(number, solution(number))
    assert report.passed, str(report)
    assert str(report).startswith("right: ")


@pytest.mark.parametrize("number", NUMBERS)
def test_nothing_is_written_yet(number):
    with pytest.raises(UsageError, match=r"returns nothing yet: replace the \.\.\."):
        check(number, HERE / f"{EXERCISES[number - 1].file}.py")


def test_all_are_listed_with_their_files():
    said = listing()
    for number, exercise in enumerate(EXERCISES, 1):
        assert (HERE / f"{exercise.file}.py").is_file()
        assert f"demos/exercises/{exercise.file}.py" in said
        assert f"check {number}\n" in said


def changed(number, old, new, path):
    text = solution(number).read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(("number", "old", "new", "words"), WRONG)
def test_a_mistake_is_named(number, old, new, words, tmp_path):
    report = check(number, changed(number, old, new, tmp_path / "tried.py"))
    assert not report.passed
    assert words in str(report), str(report)
    if number in (1, 2, 4, 5, 6, 7, 8):
        assert report.where.startswith(("at t = ", "on the edge"))
        assert report.drawn is not None


def test_most_mistakes_have_a_name():
    assert len(WRONG) >= 50
    named = [row for row in WRONG if row[3] and "none of the usual" not in row[3]]
    assert len(named) >= 0.9 * len(WRONG)


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_every_mistake_changes_what_comes_out(kind):
    problem = Problem(kind, (4, 3, 2, 5), seed=3)
    truth = problem.gradients(problem.flow)
    for mistake in mistakes(problem):
        wrong = problem.gradients(problem.sweep(mistake.changes, cut=mistake.cut))
        assert not all(np.allclose(wrong[key], truth[key]) for key in "WUb"), mistake.words


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_the_truth_is_that_of_the_engine(kind):
    problem = Problem(kind, (4, 3, 2, 5), seed=4)
    true = tr.trace(problem.loss)
    for node in problem.nodes:
        np.testing.assert_allclose(problem.flow.gradient(node), true.gradient(node), rtol=1e-10)


def test_the_truth_of_truncation_is_that_of_unroll():
    problem = Problem("rnn", (7, 2, 3, 4), seed=5, cut=lambda t: t > 0 and t % 3 == 0)
    first = problem.states("h")[0]
    run = tr.unroll(problem.cell, problem.x, first, truncate=3)
    truth = tr.grad((run.outputs * problem.dy).sum(), [problem.cell.weight_hh])[0].data
    np.testing.assert_allclose(problem.gradients(problem.flow)["U"], truth, rtol=1e-10)


@pytest.mark.parametrize("t", range(4))
def test_a_mistake_without_a_name_is_found_at_its_step(t, tmp_path):
    new = f"dU += da[t].T @ h[t]\n        da[t] *= 1.5 if t == {t} else 1"
    report = check(5, changed(5, "dU += da[t].T @ h[t]", new, tmp_path / "tried.py"))
    assert f"at t = {t}, on the edge that leads back from h_t to a_t" in str(report)
    assert "none of the usual mistakes" in str(report)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_loop_in_the_wrong_direction_is_named_for_gated_cells_too(kind, tmp_path):
    number = {"lstm": 6, "gru": 7}[kind]
    file = changed(number, "reversed(range(steps))", "range(steps)", tmp_path / "tried.py")
    assert "the loop over the steps goes forwards" in str(check(number, file))


MINE = """
import numpy as np

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def lstm(x, W, U, b, dy):
    T, B, H = dy.shape
    h = c = np.zeros((B, H))
    kept = []
    for t in range(T):
        i, f, g, o = np.split(x[t] @ W.T + h @ U.T + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        before = h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        kept.append((i, f, g, o, *before, c))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dh = dc = np.zeros((B, H))
    for t in reversed(range(T)):
        i, f, g, o, h, c, after = kept[t]
        dh = dh + dy[t]
        dc = dc + dh * o * (1 - np.tanh(after) ** 2)
        parts = [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2),
                 dh * np.tanh(after) * o * (1 - o)]
        a = np.hstack(parts)
        dW, dU, db = dW + a.T @ x[t], dU + a.T @ h, db + a.sum(0)
        dh, dc = a @ U, dc * f
    return {"W": dW, "U": dU, "b": db}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dc * f\n", "dc\n", "what goes to c_{t-1} lacks the other factor of the product"),
        ("dW + a.T @ x[t]", "a.T @ x[t]", "dW keeps step 0 alone"),
        ("dh, dc = a @ U", "dh, dc = 0 * dh", "nothing goes back from a_t to h_{t-1}"),
        ("g * i * (1 - i)", "g * i", "the slope at i lacks 1 - s"),
    ],
)
def test_a_backward_pass_of_ones_own(old, new, words, tmp_path):
    file = tmp_path / "my_lstm.py"
    file.write_text(MINE, encoding="utf-8")
    assert check(None, file).passed
    assert old in MINE
    file.write_text(MINE.replace(old, new), encoding="utf-8")
    report = check(None, file)
    assert words in report.mistake, str(report)
    assert report.where.startswith("at t = ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def rnn_backward(:", r"line 1: Python cannot read this: "),
        ("x = 1", "defines no function rnn_backward"),
        ("raise OSError('no')", "cannot be run: OSError in line 1: no"),
        ("import torch", "imports torch, which differentiates by itself"),
        ("from demos.exercises.solutions import ex05_rnn_backward", "imports the solution"),
        ("from demos.exercises.solutions.ex05_rnn_backward import *", "imports the solution"),
        (
            "import importlib as i\ni.import_module('demos.exercises.solutions.ex05')",
            "the solution",
        ),
        ("def rnn_backward(x, h, U, dy): return 1 / 0", "stopped with ZeroDivisionError in line 1"),
        ("def rnn_backward(x, h, U, dy): return rnn_backward(x, h, U, dy)", "calls itself too"),
        ("def rnn_backward(x): return x", "stopped with TypeError"),
        ("def rnn_backward(x, h, U, dy): return dy", "a ndarray where a dictionary with"),
        ("def rnn_backward(x, h, U, dy): return {}", 'returns nothing under "W"'),
        ("def rnn_backward(x, h, U, dy):\n x *= 2\n return {}", "changes its argument x in place"),
        (
            "def rnn_backward(x, h, U, dy):\n"
            " a = {k: 0 for k in 'ahcUb'}\n return a | {'W': (x[0].T @ dy[0])}",
            r'"W" has shape \(2, 5\) where \(5, 2\) is asked for \(it looks transposed\)',
        ),
        (
            "import numpy as np\ndef rnn_backward(x, h, U, dy):\n"
            " a = {k: 0 for k in 'ahcUb'}\n return a | {'W': np.zeros((4, 5, 2))}",
            "it is not added up over the steps or the batch",
        ),
        (
            "def rnn_backward(x, h, U, dy): return dict.fromkeys('WUbha', 'much')",
            "is a str, no array of numbers",
        ),
    ],
)
def test_a_bad_file_is_one_sentence(text, said, tmp_path):
    file = tmp_path / "tried.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said) as caught:
        check(5, file)
    assert "\n" not in str(caught.value)


def run(*arguments):
    command = [sys.executable, "-m", "demos.exercises", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_and_draws_what_is_wrong(tmp_path):
    file = changed(5, "dU += da[t].T @ h[t]", "dU += da[t].T @ h[t + 1]", tmp_path / "tried.py")
    done = run("check", 5, "--file", file, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (1, "")
    assert "U met the state before" in done.stdout
    picture = (tmp_path / "out" / "exercise_5.svg").read_text(encoding="utf-8")
    assert len(re.findall(r'class="edge departs alarm"', picture)) == 4


def test_a_loop_without_an_end_is_ended(tmp_path):
    (tmp_path / "tried.py").write_text("while True: pass\n", encoding="utf-8")
    done = run("check", 1, "--file", tmp_path / "tried.py", "--seconds", 3)
    assert done.returncode == 2
    assert "stopped after 3 s" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["try"], "there is no 'try'"),
        (["check"], "the number of an exercise, or --mine FILE"),
        (["check", "11"], "not a whole number from 1 to 10"),
        (["check", "1", "--mine", "x.py"], "the number of an exercise, or --mine FILE"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
