"""What every demo must do: explain itself, write whole files, refuse a bad folder in one line."""

import ast
import io
import shlex
import tokenize
from pathlib import Path

import pytest

import demos

FILES = sorted(Path(demos.__file__).parent.glob("[!_]*.py"))
NAMES = [file.stem for file in FILES if file.stem not in ("common", "chapters")]

# The smallest settings that are allowed, and the files that are written.
RUNS = {
    "max_norm": ("--steps 15 --iterations 1 --seeds 1", "chart.svg"),
    "forecast_constant": ("--steps 3 --iterations 1 --seeds 1", "chart.svg"),
    "sliding_truncation": ("--steps 17 --hidden 1 --seeds 1", "chart.svg"),
    "gates_at_work": ("", "chart.svg"),
    "lstm_or_gru": ("", "chart.svg"),
    "research_mingru": ("--steps 2 --seeds 1", "chart.svg"),
    "research_lru": ("--steps 2 --hidden 2 --seeds 1", "chart.svg"),
    "research_copy": ("--steps 4 --iterations 1 --seeds 1", "chart.svg"),
    "research_chrono": ("--steps 4 --hidden 1 --seeds 1", "chart.svg"),
    "research_forget_bias": ("--steps 2 --iterations 1 --seeds 1", "chart.svg"),
    "research_irnn": ("--steps 4 --iterations 1 --seeds 1", "chart.svg"),
    "research_cliff": ("--steps 2", "chart.svg"),
    "research_constant_error": ("--steps 2", "chart.svg"),
    "linear_recurrences": ("--steps 3 --hidden 2 --seeds 1", "chart.svg"),
    "attention": ("--steps 6 --hidden 1 --seeds 1", "chart.svg"),
    "encoder_decoder": ("--steps 2 --hidden 1 --seeds 1", "chart.svg graph.svg"),
    "why_tanh": ("--steps 2 --hidden 1 --seeds 1", "chart.svg"),
    "gradient_check": ("--steps 2", "chart.svg"),
    "softmax_gradient": ("", "chart.svg"),
    "first_state": ("--steps 8 --iterations 1 --seeds 1", "chart.svg"),
    "padding": ("--hidden 1", "chart.svg"),
    "stateful": ("--steps 2 --hidden 1", "chart.svg"),
    "reset_gate": ("--steps 1 --hidden 1 --seeds 1", "chart.svg"),
    "output_gate": ("--steps 3 --hidden 1 --seeds 1", "chart.svg"),
    "first_infinity": ("--steps 2 --hidden 1 --seeds 1", "chart.svg"),
    "sharing": ("--steps 4 --iterations 1 --seeds 1", "chart.svg"),
    "units": ("--steps 2 --hidden 2 --seeds 1", "chart.svg"),
    "folded": ("--steps 2 --hidden 1", "folded.svg unrolled.svg"),
    "bptt_four_ways": ("--steps 2 --hidden 1", "chart.svg graph.svg"),
    "cell_state": (
        "--steps 3 --hidden 1",
        "chart.svg forget_bias_0.svg forget_bias_4.svg",
    ),
    "depth": ("--steps 2 --layers 2 --hidden 1 --seeds 1", "chart.svg graph.svg"),
    "exploding": ("--iterations 1 --seeds 1", "descent.png"),
    "float32": ("--steps 2 --hidden 1", "chart.svg"),
    "from_other_libraries": ("--steps 2 --hidden 1", "chart.svg graph.svg weights.npz"),
    "gru_interpolation": ("--steps 3 --hidden 1", "chart.svg graph.svg"),
    "initialisation": ("--steps 3 --hidden 1 --seeds 1", "chart.svg"),
    "input_attribution": ("--hidden 1 --iterations 0 --seeds 1", "chart.svg"),
    "jacobian_regulariser": ("--steps 2 --hidden 1 --iterations 1 --seeds 1", "chart.svg"),
    "jacobian_spectra": ("--steps 2 --hidden 2", "chart.svg"),
    "own_cell": ("--steps 2 --hidden 1", "chart.svg graph.svg"),
    "phase_diagram": ("--steps 2 --hidden 1 --seeds 1", "chart.svg results.jsonl"),
    "recency": ("--steps 2 --hidden 1", "chart.svg"),
    "training_flow": ("--steps 2 --hidden 1 --iterations 2", "chart.svg flow.html"),
    "truncation": ("--steps 8 --hidden 1 --seeds 1", "chart.svg graph.svg"),
    "saturation": ("--steps 3 --hidden 1 --seeds 1", "chart.svg"),
    "spectral_radius": ("--steps 20 --hidden 2", "chart.svg"),
    "sum_over_time": ("--steps 2 --hidden 1", "chart.svg graph.html graph.svg"),
    "topological_order": ("--steps 2", "right.svg wrong.svg"),
}


@pytest.mark.parametrize("name", RUNS)
def test_it_runs_and_writes_its_files_and_nothing_else(name, demo, tmp_path):
    options, files = RUNS[name]
    status, said, _ = demo(name, *shlex.split(options), "--out", tmp_path / "new" / "folder")
    assert status == 0
    assert sorted(file.name for file in (tmp_path / "new" / "folder").iterdir()) == files.split()
    assert all(len(line) <= 100 for line in said.splitlines() if str(tmp_path) not in line)
    assert "Change " in said


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_what_the_module_says(name, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, said, _ = demo(name, "--help")
    assert status == 0
    about = ast.get_docstring(ast.parse((FILES[0].parent / f"{name}.py").read_text("utf-8")))
    assert about.splitlines()[0] in said
    assert "--out" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_folder_is_one_line(name, demo, tmp_path):
    (tmp_path / "file").write_text("in the way")
    status, _, error = demo(name, "--out", tmp_path / "file" / "below")
    assert status == 2
    assert error.startswith(f"python -m demos.{name}: cannot write into")
    assert error.count("\n") == 1


def lines_of_code(file, imports):
    """Count the lines that hold code, but for docstrings, with or without imports."""
    text = file.read_text("utf-8")
    left_out, kept = set(), set()
    for node in ast.walk(ast.parse(text)):
        here = node
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            here = node.body[0] if ast.get_docstring(node) else None
        elif not isinstance(node, ast.Import | ast.ImportFrom) or imports:
            here = None
        if here is not None:
            left_out |= set(range(here.lineno, here.end_lineno + 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.string.strip() and token.type != tokenize.COMMENT:
            kept |= set(range(token.start[0], token.end[0] + 1))
    return len(kept - left_out)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_in_one_sitting(name):
    assert lines_of_code(FILES[0].parent / f"{name}.py", imports=False) <= 100


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("research_")])
def test_a_paper_is_reproduced_in_forty_lines(name):
    assert lines_of_code(FILES[0].parent / f"{name}.py", imports=False) <= 40
