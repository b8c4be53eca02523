"""The exercises: `python -m demos.exercises` lists them, `... check 5` checks one."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import viz
from demos.common import Parser, UsageError, int_between, output_folder, run_command
from demos.exercises.checking import backward, formulas, numeric, orders
from demos.exercises.checking.loading import load
from demos.exercises.checking.report import Report

PROG = "python -m demos.exercises"
HERE = Path(__file__).parent


class Exercise(NamedTuple):
    """One exercise: the file, the function that it asks for, and what checks that."""

    file: str
    function: str
    check: Callable[[Callable[..., Any]], Report]


EXERCISES = (
    Exercise("ex01_tanh", "tanh_vjp", formulas.tanh),
    Exercise("ex02_affine", "affine_vjp", formulas.affine),
    Exercise("ex03_order", "sweep_order", orders.order),
    Exercise("ex04_sum_over_time", "recurrent_weight_gradient", backward.recurrent_weight),
    Exercise("ex05_rnn_backward", "rnn_backward", backward.network("rnn")),
    Exercise("ex06_lstm_backward", "lstm_backward", backward.network("lstm")),
    Exercise("ex07_gru_backward", "gru_backward", backward.network("gru")),
    Exercise("ex08_truncated", "truncated_backward", backward.truncated),
    Exercise("ex09_clipping", "clip_by_norm", numeric.clipping),
    Exercise("ex10_gradient_check", "numerical_gradient", numeric.differences),
)
MINE = ("rnn", "lstm", "gru")


def listing() -> str:
    """Return what there is to do, and how."""
    lines = ["Ten exercises. Open the file, replace the ... by your code, and check it:\n"]
    for number, exercise in enumerate(EXERCISES, 1):
        file = HERE / f"{exercise.file}.py"
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        lines.append(f"{number:3}  {about.splitlines()[0].partition(': ')[2]}")
        lines.append(f"     demos/exercises/{exercise.file}.py    {PROG} check {number}")
    lines.append(
        f"\nA backward pass of your own, in a file with a function rnn, lstm or gru:\n"
        f"     {PROG} check --mine my_lstm.py    (check --help says what it takes)"
    )
    return "\n".join(lines)


def check(number: int | None, path: Path) -> Report:
    """Return what there is to say of a file: an exercise's, or one with a BPTT of one's own."""
    if number is None:
        name, function = load(path, MINE)
        return backward.mine(name, function)
    exercise = EXERCISES[number - 1]
    _, function = load(path, (exercise.function,))
    return exercise.check(function)


ABOUT = """\
Check an exercise: say what is right, and where a gradient departs first.

With --mine, check a file of your own. It defines rnn, lstm or gru(x, W, U, b, dy), which starts
from zeros and returns a dictionary with the gradients "W", "U" and "b", and if you like with those
of the states and of the gates' arguments at every step, "h", "c" and "a". Shapes: x (T, B, I),
W (G*H, I), U (G*H, H), b (G*H,), dy (T, B, H) = dL/dh_t. Gates are stacked as i, f, g, o or as
r, z, n; a GRU's z near 0 keeps the past, and r is multiplied with h before the product.
"""


def main() -> None:
    if not sys.argv[1:]:
        print(listing())
        return
    parser = Parser(f"{PROG} check", ABOUT)
    parser.add_argument(
        "exercise", nargs="?", type=int_between(1, len(EXERCISES)), help="its number"
    )
    add = parser.add_argument
    add("--file", metavar="FILE", type=Path, help="in place of the exercise's own")
    add("--mine", metavar="FILE", type=Path, help="a BPTT of your own")
    add("--seconds", metavar="N", type=int_between(1, 3600), default=20, help="time limit")
    out = Path("out", "exercises")
    add("--out", metavar="DIR", type=Path, default=out, help="folder for the picture")
    if sys.argv[1] in ("-h", "--help"):
        parser.parse_args(["--help"])
    if sys.argv[1] != "check":
        raise UsageError(f"there is no {sys.argv[1]!r}: `{PROG}` lists, `{PROG} check 1` checks")
    args = parser.parse_args(sys.argv[2:])
    if (args.exercise is None) == (args.mine is None) or (args.file and args.mine):
        raise UsageError("check the number of an exercise, or --mine FILE")
    if "DEMOS_EXERCISES_INSIDE" not in os.environ:
        _within(args.seconds)
    number = args.exercise
    path = args.mine or args.file or HERE / f"{EXERCISES[number - 1].file}.py"
    report = check(number, path)
    print(f"{path}\n{report}")
    if report.drawn:
        loss, flow, theirs = report.drawn
        name = f"exercise_{number}" if number else path.stem
        with output_folder(args.out) as folder:
            picture = viz.draw(loss, flow, against=theirs, title=f"{path.name} against the truth")
            picture.save(folder / f"{name}.svg")
        print(f"Drawn, with the edge at fault in red: {args.out / name}.svg")
    sys.exit(0 if report.passed else 1)


def _within(seconds: int) -> None:
    """Do the same in a process of its own, and end it when the time is up."""
    command = [sys.executable, "-m", "demos.exercises", *sys.argv[1:]]
    environment = os.environ | {"DEMOS_EXERCISES_INSIDE": "1"}
    try:
        done = subprocess.run(command, env=environment, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"stopped after {seconds} s (--seconds): look for a loop that does not end"
        ) from error
    sys.exit(done.returncode)


if __name__ == "__main__":
    run_command(PROG, main)
