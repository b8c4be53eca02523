"""The path through the demos: chapters in reading order, and the level and the time of each demo.

A demo's question is the first line of its file. To add one, write `demos/NAME.py` with a `main()`
and give it a row here.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Literal, NamedTuple

HERE = Path(__file__).parent


class Demo(NamedTuple):
    """One program: `python -m demos NAME`.

    Attributes:
        name: of its file, without `.py`.
        level: "beginner" knows NumPy and derivatives, "intermediate" has seen a network train,
            "advanced" has read of the subject before.
        seconds: what it takes with its default settings, on one core.
    """

    name: str
    level: Literal["beginner", "intermediate", "advanced"]
    seconds: int

    @property
    def question(self) -> str:
        """The first line of the file's docstring: what is asked, and the answer in short."""
        text = (HERE / f"{self.name}.py").read_text(encoding="utf-8")
        return (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]


class Chapter(NamedTuple):
    """Demos on one matter, the first one first."""

    title: str
    demos: tuple[Demo, ...]


CHAPTERS = (
    Chapter(
        "Sequences and state",
        (
            Demo("folded", "beginner", 4),
            Demo("units", "beginner", 3),
            Demo("sharing", "beginner", 20),
            Demo("data_video", "beginner", 20),
            Demo("first_state", "intermediate", 10),
        ),
    ),
    Chapter(
        "Unrolling and backpropagation through time",
        (
            Demo("topological_order", "beginner", 2),
            Demo("sum_over_time", "beginner", 3),
            Demo("bptt_four_ways", "beginner", 3),
            Demo("softmax_gradient", "beginner", 3),
            Demo("gradient_check", "intermediate", 3),
        ),
    ),
    Chapter(
        "Vanishing and exploding gradients",
        (
            Demo("vanishing", "beginner", 4),
            Demo("recency", "beginner", 3),
            Demo("spectral_radius", "intermediate", 3),
            Demo("saturation", "intermediate", 3),
            Demo("initialisation", "intermediate", 3),
            Demo("float32", "intermediate", 3),
            Demo("depth", "intermediate", 3),
            Demo("exploding", "beginner", 5),
            Demo("first_infinity", "beginner", 4),
            Demo("why_tanh", "beginner", 4),
        ),
    ),
    Chapter(
        "The LSTM",
        (
            Demo("cell_state", "beginner", 3),
            Demo("output_gate", "beginner", 4),
            Demo("gates_at_work", "beginner", 4),
        ),
    ),
    Chapter(
        "The GRU",
        (
            Demo("gru_interpolation", "beginner", 3),
            Demo("training_flow", "intermediate", 5),
            Demo("reset_gate", "beginner", 3),
            Demo("lstm_or_gru", "beginner", 6),
        ),
    ),
    Chapter(
        "Training in practice",
        (
            Demo("truncation", "intermediate", 5),
            Demo("task_adding", "beginner", 16),
            Demo("task_order", "intermediate", 19),
            Demo("task_reber", "intermediate", 20),
            Demo("task_copy", "intermediate", 17),
            Demo("input_attribution", "intermediate", 5),
            Demo("from_other_libraries", "beginner", 3),
            Demo("stateful", "beginner", 3),
            Demo("padding", "beginner", 3),
            Demo("encoder_decoder", "intermediate", 4),
            Demo("sliding_truncation", "intermediate", 5),
            Demo("forecast_constant", "intermediate", 5),
            Demo("max_norm", "intermediate", 12),
        ),
    ),
    Chapter(
        "Real data",
        (
            Demo("data_text", "beginner", 22),
            Demo("data_weather", "beginner", 10),
            Demo("data_stocks", "beginner", 10),
            Demo("data_heart", "beginner", 15),
            Demo("data_speakers", "intermediate", 20),
            Demo("data_dna", "intermediate", 20),
            Demo("data_protein", "intermediate", 10),
        ),
    ),
    Chapter(
        "Research",
        (
            Demo("jacobian_spectra", "advanced", 3),
            Demo("phase_diagram", "advanced", 20),
            Demo("jacobian_regulariser", "advanced", 20),
            Demo("own_cell", "advanced", 3),
            Demo("attention", "advanced", 3),
            Demo("linear_recurrences", "advanced", 3),
            Demo("research_constant_error", "advanced", 3),
            Demo("research_cliff", "advanced", 4),
            Demo("research_irnn", "advanced", 20),
            Demo("research_forget_bias", "advanced", 15),
            Demo("research_chrono", "advanced", 5),
            Demo("research_copy", "advanced", 15),
            Demo("research_lru", "advanced", 3),
            Demo("research_mingru", "advanced", 4),
        ),
    ),
)


def table() -> str:
    """Return the path as the README shows it: a chapter in each row."""
    rows = ["| chapter | demos, in reading order |", "| --- | --- |"]
    for number, chapter in enumerate(CHAPTERS, 1):
        names = ", ".join(f"`{demo.name}`" for demo in chapter.demos)
        rows.append(f"| {number}. {chapter.title} | {names} |")
    return "\n".join(rows) + "\n"
