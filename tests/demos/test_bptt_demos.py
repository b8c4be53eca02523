"""What the demos about the sweep itself claim."""

import re

import numpy as np

import tinygrad_rnn as tr
from demos import bptt_four_ways, spectral_radius, topological_order


def numbers(said, pattern):
    return [float(found) for found in re.findall(pattern, said)]


def test_only_the_right_order_gives_the_derivative(demo, tmp_path):
    _, said, _ = demo("topological_order", "--out", tmp_path)
    truth, right, wrong, engine = numbers(said, r"(?m)^dL/dw .* (\S+)$")
    assert right == engine
    assert abs(right - truth) < 1e-8
    assert abs(wrong - truth) > 1
    late = numbers(said, r"users (\d+) times")
    assert late[0] == 0 < late[1]


def test_the_right_order_of_the_demo_gives_every_node_what_the_engine_gives_it():
    w = tr.Tensor([0.8], requires_grad=True)
    loss = topological_order.loss_of(w, 4)
    flow, engine = topological_order.sweep(loss, tr.graph.topological(loss)[::-1]), tr.trace(loss)
    for node in tr.graph.topological(loss, differentiable=True):
        np.testing.assert_allclose(flow.gradient(node), engine.gradient(node), rtol=1e-13)


def test_four_ways_to_one_gradient():
    rng = np.random.default_rng(1)
    cell = tr.RNNCell(3, 3, bias=False, rng=rng)
    inputs, v = rng.standard_normal((4, 1, 3)), rng.standard_normal(3)
    hand = bptt_four_ways.by_hand(cell, inputs, v)
    for way in (bptt_four_ways.by_autodiff, bptt_four_ways.by_rtrl):
        np.testing.assert_allclose(way(cell, inputs, v), hand, rtol=1e-11)
    found = bptt_four_ways.by_differences(cell, inputs, v, 1e-5)
    np.testing.assert_allclose(found, hand, rtol=1e-6)


def test_four_ways_prints_rounding_errors(demo, tmp_path):
    _, said, _ = demo("bptt_four_ways", "--out", tmp_path, "--hidden", 3)
    autodiff, rtrl, differences = numbers(
        said, r"(?m)^  (?:autodiff|RTRL|finite differences) +(\S+)$"
    )
    assert max(autodiff, rtrl) < 1e-14 < differences < 1e-9


def test_the_sum_over_time_is_the_gradient(demo, tmp_path):
    _, said, _ = demo("sum_over_time", "--out", tmp_path)
    assert "used 12 times" in said
    assert numbers(said, r"weight_hh.grad by (\S+)")[0] < 1e-14
    norms, total, last = numbers(said, r"(\d\.\d{4})")
    assert last < total < norms


def test_the_spectral_radius_decides_only_in_the_long_run(demo, tmp_path):
    _, said, _ = demo("spectral_radius", "--out", tmp_path)
    rows = [line.split() for line in said.splitlines() if re.match(r"(linear|tanh) ", line)]
    near = {tuple(row[:2]): float(row[3]) for row in rows}
    far = {tuple(row[:2]): float(row[4]) for row in rows}
    most = {tuple(row[:2]): float(row[5]) for row in rows}
    rho = round(np.log10(0.8), 3)
    assert near["linear", "orthogonal"] == far["linear", "orthogonal"] == rho
    assert far["linear", "Gaussian"] == rho != near["linear", "Gaussian"]
    assert near["linear", "non-normal"] > 0.05
    assert most["linear", "non-normal"] > 1e4
    assert all(far["tanh", name] < rho - 0.01 for name in ("orthogonal", "Gaussian", "non-normal"))


def test_the_three_matrices_share_their_spectral_radius():
    for U in spectral_radius.matrices(np.random.default_rng(3), 5, 0.7, 0.5).values():
        assert abs(tr.analysis.spectral_radius(U) - 0.7) < 1e-3
