"""What the demos about whole networks claim: depth, spectra, training, other libraries."""

import re

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz.page
from demos import from_other_libraries, own_cell, phase_diagram


def test_the_rnn_vanishes_in_depth_as_in_time_and_gates_keep_only_in_time(demo, tmp_path):
    _, said, _ = demo("depth", "--steps", 20, "--out", tmp_path)
    found = re.findall(r"(?m)^(RNN|GRU, .*?\d|LSTM, .*?\d) +([+-].*)$", said)
    rows = {name.split(",")[0]: re.findall(r"(\S+) \(", row) for name, row in found}
    back, down, first = (float(x) for x in rows["RNN"])
    assert 0.5 < back / down < 2
    assert down < -0.1 < first
    for back, down, _ in (map(float, rows[name]) for name in ("GRU", "LSTM")):
        assert abs(back) < 0.1
        assert down < -0.5


def test_spectra_of_the_four_cells(demo, tmp_path):
    _, said, _ = demo("jacobian_spectra", "--steps", 40, "--hidden", 12, "--out", tmp_path)
    found = re.findall(r"(?m)^([RL]\w+(?:, [a-z]+(?: bias \d)?)?) +(.*\d)$", said)
    rows = {name: [float(cell) for cell in row.split()] for name, row in found}
    largest, median = {n: r[0] for n, r in rows.items()}, {n: r[1] for n, r in rows.items()}
    assert largest["RNN"] - median["RNN"] > 0.1 > largest["RNN, orthogonal"]
    assert largest["RNN, orthogonal"] - median["RNN, orthogonal"] < 0.03
    assert largest["RNN, orthogonal"] <= 0.0
    assert all(one <= most for most, _, one in rows.values())
    assert largest["LSTM, forget bias 4"] > 0 > median["LSTM, forget bias 4"]


def test_ones_own_cell_keeps(demo, tmp_path):
    _, said, _ = demo("own_cell", "--out", tmp_path)
    assert "agree with finite differences" in said
    rates = [float(x) for x in re.findall(r"(?m)^(?:RNN|anti\w+) +([+-]\S+)", said)]
    assert rates[0] < -0.15
    assert abs(rates[1]) < 0.01


def test_without_diffusion_the_matrix_is_antisymmetric():
    cell = own_cell.AntisymmetricCell(2, 4, 1e-3, 0.0, np.random.default_rng(0))
    jacobian = tr.analysis.step_jacobians(cell, np.zeros((1, 1, 2)))[0]  # at h = 0, where tanh' = 1
    A = (jacobian - np.eye(4)) / 1e-3
    np.testing.assert_allclose(A, -A.T, atol=1e-10)


def test_the_regulariser_learns_where_the_loss_alone_does_not(demo, tmp_path):
    options = ("--steps", 20, "--iterations", 150, "--seeds", 1, "--seed", 0, "--out", tmp_path)
    _, said, _ = demo("jacobian_regulariser", *options)
    rows = re.findall(r"(?m)^(L alone|L \+ Omega) +(\S+) +([+-]\S+)$", said)
    right, rate = ({name: float(row[k]) for name, *row in rows} for k in (0, 1))
    assert right["L alone"] < 0.4 < 0.6 < right["L + Omega"]
    assert rate["L alone"] < -0.1 < rate["L + Omega"]


def test_training_brings_the_gradient_to_the_first_step(demo, tmp_path, monkeypatch):
    drawn = []
    render = viz.page.render
    monkeypatch.setattr(viz.page, "render", lambda *all: drawn.append(all) or render(*all))
    _, said, _ = demo("training_flow", "--steps", 8, "--iterations", 200, "--out", tmp_path)
    rows = np.array(re.findall(r"(?m)^ +(\d+) +(\d+)% +(\S+) +(\S+) +(\S+)$", said), float)
    assert rows[:, 0].tolist() == [0, 50, 100, 150, 200]
    assert rows[0, 1] < 40 < 95 < rows[-1, 1]
    assert rows[0, 2] < -0.2 < rows[1:, 2].min()
    ((levels, *_),) = drawn
    assert list(levels) == [f"{k} iterations" for k in (0, 50, 100, 150, 200)]
    assert "learns to keep" in (tmp_path / "flow.html").read_text(encoding="utf-8")


def test_pytorchs_and_kerass_arrays_give_one_flow(demo, tmp_path):
    _, said, _ = demo("from_other_libraries", "--steps", 8, "--hidden", 4, "--out", tmp_path)
    assert (
        float(re.search(r"Keras's arrays, dL/dh_t: the same as ours up to (\S+)", said)[1]) < 1e-15
    )


def test_no_pytorch_is_no_obstacle(demo, tmp_path, monkeypatch):
    monkeypatch.setattr(from_other_libraries, "find_spec", lambda name: None)
    status, said, _ = demo("from_other_libraries", "--steps", 3, "--hidden", 2, "--out", tmp_path)
    assert status == 0
    assert "PyTorch is not installed" in said


@pytest.mark.oracle
def test_pytorchs_own_numbers_are_the_same(demo, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: install torch==2.13.0")
    _, said, _ = demo("from_other_libraries", "--steps", 8, "--hidden", 4, "--out", tmp_path)
    far = [float(x) for x in re.findall(r"PyTorch's own .* up to (\S+)", said)]
    assert len(far) == 2
    assert max(far) < 1e-13


def test_weights_of_ones_own(demo, tmp_path):
    layers = tr.GRU(2, 3, num_layers=2, reset="after", rng=0)
    np.savez(tmp_path / "mine.npz", **tr.interop.to_torch(layers))
    options = ("--weights", tmp_path / "mine.npz", "--steps", 5, "--out", tmp_path / "out")
    status, said, _ = demo("from_other_libraries", *options)
    assert status == 0
    assert said.startswith("read GRU of ")
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["chart.svg", "graph.svg"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("missing.npz", "cannot read"),
        ("broken.npz", "is not a whole .npz"),
        ("w.h5", "cannot read"),
    ],
)
def test_weights_that_cannot_be_read(file, message, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    status, _, error = demo("from_other_libraries", "--weights", file, "--out", "out")
    assert status == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_phase_diagram_goes_on_where_it_was(demo, tmp_path):
    options = ("--steps", 3, "--hidden", 2, "--seeds", 1, "--out", tmp_path)
    _, first, _ = demo("phase_diagram", *options)
    before = (tmp_path / "results.jsonl").read_bytes()
    _, second, _ = demo("phase_diagram", *options)
    assert first == second
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_small_gains_vanish_and_large_ones_explode():
    for cell in phase_diagram.CELLS:
        small, large = (phase_diagram.decades(cell, gain, 30, 16, 0) for gain in (0.25, 6.0))
        assert small < -0.15 < 0.05 < large, cell


def test_where_the_rate_crosses_zero():
    rates = np.array([-2.0, -1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0])
    assert phase_diagram.crossing(rates) == 0.75
    assert np.isnan(phase_diagram.crossing(rates - 9))


def test_an_unreachable_scheduler(demo, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed")
    status, _, error = demo("phase_diagram", "--dask", "nowhere", "--out", tmp_path)
    assert status == 2
    assert error.startswith("python -m demos.phase_diagram: no Dask scheduler answers at nowhere")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
