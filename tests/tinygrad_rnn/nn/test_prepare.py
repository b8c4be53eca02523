"""What does not depend on the step is computed once for all steps, with the same gradient."""

import numpy as np
import pytest

import tinygrad_rnn as tr


class InEveryStep(tr.Cell):
    """h_t = h_{t-1} + 0.1 tanh((M - M^T) h_{t-1} + x_t), with M - M^T made anew in each step."""

    def __init__(self, rng):
        self.M = tr.Parameter(rng.standard_normal((3, 3)))

    def initial_state(self, batch):
        return tr.Tensor(np.zeros((batch, 3)))

    def antisymmetric(self):
        return self.M - self.M.T

    def __call__(self, x, h, A=None):
        A = self.antisymmetric() if A is None else A
        return h + 0.1 * np.tanh(x + h @ A.T)


class Once(InEveryStep):
    """The same, with M - M^T made once for all steps."""

    def prepare(self):
        return self.antisymmetric()


@pytest.fixture
def inputs():
    return np.random.default_rng(0).standard_normal((7, 2, 3))


def both():
    return [kind(np.random.default_rng(1)) for kind in (InEveryStep, Once)]


def subtractions(run):
    return sum(node.op is not None and node.op.name == "subtract"
               for node in tr.graph.topological(run.final))  # fmt: skip


def test_it_is_recorded_once_and_outside_the_steps(inputs):
    runs = [tr.unroll(cell, inputs) for cell in both()]
    assert [subtractions(run) for run in runs] == [7, 1]
    made = next(n for n in tr.graph.topological(runs[1].final) if n.op and n.op.name == "subtract")
    assert made.scope == ()


@pytest.mark.parametrize("options", [{}, {"truncate": 3}, {"checkpoint": 3}, {"lengths": [4, 7]},
                                     {"reverse": True}], ids=str)  # fmt: skip
def test_values_and_gradients_are_the_same(inputs, options):
    found = []
    for cell in both():
        run = tr.unroll(cell, inputs, **options)
        np.sum(np.square(run.outputs)).backward()
        found.append((run.outputs.data, cell.M.grad))
    for every, once in zip(*found, strict=True):
        np.testing.assert_allclose(once, every, rtol=1e-13)


def test_a_sliding_window_prepares_anew_after_every_update(inputs):
    found = []
    for cell in both():
        optimiser = tr.SGD(cell.parameters(), lr=0.1)

        def update(optimiser=optimiser):
            optimiser.step()
            optimiser.zero_grad()

        tr.truncated_bptt(cell, inputs, lambda t, h: np.sum(h * h), 2, 4, update=update)
        found.append(cell.M.data)
    np.testing.assert_allclose(*found, rtol=1e-13)
    assert not np.allclose(found[0], both()[0].M.data)


def test_penalty_and_jacobians_know_it(inputs):
    found = []
    for cell in both():
        run = tr.unroll(cell, inputs)
        omega = tr.vanishing_penalty(cell, inputs, run, np.sum(run.final))
        omega.backward()
        found.append((tr.analysis.step_jacobians(cell, inputs), cell.M.grad))
    for every, once in zip(*found, strict=True):
        np.testing.assert_allclose(once, every, rtol=1e-12)


def test_its_gradient_is_right(inputs):
    cell = both()[1]
    tr.gradcheck(lambda M: np.sum(np.square(tr.unroll(cell, inputs).final)), cell.M)
