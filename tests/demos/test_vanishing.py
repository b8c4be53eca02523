"""The main demo: its numbers, its files, and how it refuses what it cannot do."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz
from demos import vanishing
from demos.common import default_text, encode
from demos.vanishing import Setting, predict
from tinygrad_rnn.analysis import decades_per_step
from viz.cli.command import run_command

FILES = ["chart.svg", "compare.svg", "gru.svg", "lstm.svg", "rnn.svg"]


def demo(monkeypatch, *arguments):
    """Run the demo in this process; return its exit status."""
    monkeypatch.setattr(sys, "argv", ["vanishing", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        run_command(vanishing.PROG, vanishing.main)
    return end.value.code


def rate(kind, bias, part="h", seed=8):
    classes, alphabet = encode(default_text()[:41])
    return decades_per_step(
        predict(Setting(kind, bias), classes, len(alphabet), 32, seed).norms[part]
    )


def test_the_default_passage_begins_alike_in_every_python():
    """Its first 41 characters decide the numbers below, the pictures and the README."""
    assert (
        default_text()[:41]
        == "Objects are Python\N{RIGHT SINGLE QUOTATION MARK}s abstraction for data"
    )


def test_gates_half_open_fade_and_gates_that_keep_do_not():
    assert -0.27 <= rate("RNN", None) <= -0.22
    assert rate("GRU", 0.0) == pytest.approx(-0.20, abs=0.02)
    for part in "hc":
        assert rate("LSTM", 1.0, part) == pytest.approx(-0.075, abs=0.015)
        assert abs(rate("LSTM", 4.0, part)) < 0.02
    assert abs(rate("GRU", -4.0)) < 0.02


def test_growth_comes_through_the_paths_of_h():
    """Without the product of h and its weights, what c keeps is the product of the forget gates."""
    cell = tr.LSTMCell(3, 8, rng=0, forget_bias=4.0)
    inputs = np.random.default_rng(0).standard_normal((20, 1, 3))
    rates = []
    for scale in (1.0, 0.0):
        cell.weight_hh.data = scale * cell.weight_hh.data
        unrolled = tr.unroll(cell, inputs)
        norms = tr.trace(unrolled.final.c.sum()).through_time(unrolled)["c"]
        rates.append(decades_per_step(norms))
    forget = tr.analysis.activations(unrolled)["forget gate"]
    assert rates[1] < 0 < rates[0]
    assert norms[0] == pytest.approx(np.linalg.norm(np.prod(forget[1:], axis=0)), rel=1e-12)


def test_the_last_step_has_the_loss_and_gradient_of_the_textbook():
    """L = -log softmax[next] and dL/dh = (softmax - one_hot(next)) @ readout."""
    classes, alphabet = encode("abca")
    result = predict(Setting("LSTM", 1.0), classes, len(alphabet), 5, 3)
    readout = next(e.source for e in result.flow.edges if e.source.name == "readout")
    h = next(e.source for e in result.flow.edges if e.source.name == "h")
    logits = h.data[0] @ readout.data.T
    softmax = np.exp(logits) / np.exp(logits).sum()
    assert result.loss.item() == pytest.approx(-np.log(softmax[alphabet.index("a")]), rel=1e-12)
    gradient = (softmax - np.eye(len(alphabet))[classes[-1]]) @ readout.data
    assert result.norms["h"][-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)


def test_it_writes_the_pictures_and_prints_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = Path("new", "folder")
    assert demo(monkeypatch, "--steps", 6, "--hidden", 4, "--out", out) == 0
    assert sorted(file.name for file in out.iterdir()) == FILES
    said = capsys.readouterr().out
    assert "'Object'" in said
    assert max(map(len, said.splitlines())) <= 100
    table = re.findall(r"^(RNN|LSTM|GRU) +(-|\w+ -?\d) +dL/dh_t", said, flags=re.M)
    assert table == [
        ("RNN", "-"),
        ("GRU", "update 0"),
        ("LSTM", "forget 1"),
        ("LSTM", "forget 4"),
        ("GRU", "update -4"),
    ]
    assert "What these numbers show:" in said
    assert "LSTM, forget bias 4" in html.unescape((out / "lstm.svg").read_text())
    assert "GRU, update bias -4" in html.unescape((out / "gru.svg").read_text())


def test_the_printed_numbers_are_those_of_the_sweep(tmp_path, monkeypatch, capsys):
    demo(monkeypatch, "--steps", 6, "--hidden", 4, "--out", tmp_path)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("RNN"))
    classes, alphabet = encode(default_text()[:7])
    norms = predict(Setting("RNN"), classes, len(alphabet), 4, 8).norms["h"]
    last, first, ratio, slope = map(float, line.split()[3:])
    assert (last, first) == (float(f"{norms[-1]:.1e}"), float(f"{norms[0]:.1e}"))
    assert ratio == float(f"{norms[0] / norms[-1]:.1e}")
    assert slope == pytest.approx(-np.polyfit(range(6), np.log10(norms), 1)[0], abs=6e-4)


def test_the_three_pictures_share_one_scale(tmp_path, monkeypatch):
    scales = []
    draw = viz.draw
    monkeypatch.setattr(
        viz, "draw", lambda *args, **named: scales.append(named["scale"]) or draw(*args, **named)
    )
    demo(monkeypatch, "--steps", 4, "--hidden", 3, "--out", tmp_path)
    assert len(scales) == 3
    assert len({id(scale) for scale in scales}) == 1


def test_equal_biases_make_one_row(tmp_path, monkeypatch, capsys):
    demo(monkeypatch, "--steps", 4, "--hidden", 3, "--forget-bias", 1, "--out", tmp_path)
    assert capsys.readouterr().out.count("forget 1 ") == 1


def test_one_step_has_no_rate(tmp_path, monkeypatch, capsys):
    assert demo(monkeypatch, "--steps", 1, "--hidden", 3, "--out", tmp_path) == 0
    assert re.search(r"^RNN .* 1\.0e\+00 +-$", capsys.readouterr().out, flags=re.M)


def test_ones_own_text(tmp_path, monkeypatch, capsys):
    text = tmp_path / "text.txt"
    text.write_bytes("\ufeffdéjà\r\nvu".encode())
    assert demo(monkeypatch, "--text-file", text, "--steps", 5, "--out", tmp_path / "o") == 0
    assert "'déjà\\n' and predicts the next, 'v'" in capsys.readouterr().out


def test_the_same_command_gives_the_same_bytes(tmp_path):
    root = Path(__file__).parents[2]
    for seed in "12":
        subprocess.run(
            [sys.executable, "-m", "demos.vanishing", "--steps=8", f"--out={tmp_path / seed}"],
            check=True,
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            stdout=subprocess.DEVNULL,
        )
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


BAD = {
    "no steps": ("--steps 0", "'0' is not a whole number from 1"),
    "negative": ("--steps -3", "'-3' is not a whole number"),
    "no number": ("--steps many", "'many' is not a whole number"),
    "hidden": ("--hidden 0", "whole number from 1 to"),
    "bias": ("--forget-bias nan", "'nan' is not a finite number"),
    "option": ("--sizes 3", "unrecognized arguments: --sizes 3"),
    "missing": ("--text-file missing.txt", "cannot read missing.txt: No such file"),
    "folder": ("--text-file .", "cannot read .: Is a directory"),
    "empty": ("--text-file empty.txt", "empty.txt is empty"),
    "not UTF-8": ("--text-file latin.txt", "latin.txt is not UTF-8 text (byte 3 is 0xe9)"),
    "short": ("--text-file short.txt", "has 5 characters: reading 40"),
    "same": ("--text-file same.txt --steps 5", "nothing to predict"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    (tmp_path / "short.txt").write_text("short")
    (tmp_path / "same.txt").write_text("a" * 50)
    before = sorted(tmp_path.rglob("*"))
    assert demo(monkeypatch, *arguments.split()) == 2
    refused(capsys, message)
    assert sorted(tmp_path.rglob("*")) == before


def refused(capsys, message):
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("python -m demos.vanishing: ")
    assert said.count("\n") == 1
    assert said.endswith("\n")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    assert demo(monkeypatch, "--out", tmp_path / "file" / "below") == 2
    refused(capsys, "cannot write into")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_a_files_place(tmp_path, monkeypatch, capsys):
    (tmp_path / "gru.svg").mkdir()
    assert demo(monkeypatch, "--steps", 3, "--out", tmp_path) == 2
    refused(capsys, "gru.svg: a folder has that name")
    assert [file.name for file in tmp_path.iterdir()] == ["gru.svg"]


def test_no_graphviz(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    assert demo(monkeypatch, "--steps", 3, "--out", tmp_path / "a" / "b") == 2
    refused(capsys, "no Graphviz found")
    assert list(tmp_path.iterdir()) == []


def test_earlier_pictures_survive_a_failure(tmp_path, monkeypatch):
    assert demo(monkeypatch, "--steps", 3, "--hidden", 3, "--out", tmp_path) == 0
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    monkeypatch.setenv("PATH", "")
    assert demo(monkeypatch, "--steps", 5, "--hidden", 3, "--out", tmp_path) == 2
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
