"""How do I draw a cell of my own? Write its equations; all else is there.

The example is the antisymmetric RNN (Chang, Chen, Haber & Chi 2019), a step of Euler's method:

    h_t = h_{t-1} + eps * tanh((M - M^T - gamma I) h_{t-1} + W x_t + b)

M - M^T has purely imaginary eigenvalues, so the flow that it discretises neither shrinks nor grows
a vector, and dh_t/dh_{t-1} is near the identity. gamma makes up for what Euler's method adds.

A cell needs `initial_state` and `__call__`; what no step changes, here M - M^T - gamma I, it makes
once for all steps in `prepare`. The names of its scopes become the boxes of the picture; unrolling,
gradients, pictures and the analysis work on it as on any other cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, finite, output_folder, run_command, save
from tinygrad_rnn.analysis import decades_per_step, step_jacobians

PROG = "python -m demos.own_cell"


class AntisymmetricCell(tr.Cell):
    """h_t = h_{t-1} + eps * tanh((M - M^T - gamma I) h_{t-1} + W x_t + b)."""

    def __init__(
        self, inputs: int, hidden: int, eps: float, gamma: float, rng: np.random.Generator
    ) -> None:
        self.M = tr.Parameter(rng.standard_normal((hidden, hidden)) / np.sqrt(hidden))
        self.W = tr.Parameter(rng.standard_normal((hidden, inputs)) / np.sqrt(inputs))
        self.b = tr.Parameter(np.zeros(hidden))
        self.eps, self.gamma = eps, gamma

    def initial_state(self, batch: int) -> tr.Tensor:
        """Return zeros (batch, H)."""
        return tr.Tensor(np.zeros((batch, len(self.b))))

    def prepare(self) -> Any:
        """Return what all steps share, A = M - M^T - gamma I."""
        A: Any = self.M - self.M.T - self.gamma * np.eye(len(self.b))
        A.name = "A"
        return A

    def __call__(self, x: Any, h: Any, A: Any = None) -> Any:
        """Return h_t from x_t (batch, I) and h_{t-1} (batch, H)."""
        with tr.scope("slope"):
            A = self.prepare() if A is None else A
            slope = np.tanh(tr.f.linear_pair(x, self.W, h, A, self.b))
        with tr.scope("hidden state"):
            return h + self.eps * slope


def main() -> None:
    parser = demo_parser("own_cell", __doc__, steps=(2, 100), hidden=(1, 24))
    add = parser.add_argument
    add("--eps", metavar="E", type=finite, default=0.1, help="the step of Euler's method")
    add("--gamma", metavar="G", type=finite, default=0.1, help="the diffusion")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        rng = np.random.default_rng(args.seed)
        inputs = rng.standard_normal((args.steps, 1, 3))
        direction = rng.standard_normal((1, args.hidden))
        cells: dict[str, Any] = {
            "RNN": tr.RNNCell(3, args.hidden, rng=rng),
            "antisymmetric": AntisymmetricCell(3, args.hidden, args.eps, args.gamma, rng),
        }
        small = AntisymmetricCell(2, 3, args.eps, args.gamma, rng)
        x, h = rng.standard_normal((2, 2)), tr.Tensor(rng.standard_normal((2, 3)), True)
        tr.gradcheck(lambda h, *_: small(x, h), h, *small.parameters())
        print("gradients of the new cell agree with finite differences")
        flows, losses, rates, near = {}, {}, {}, {}
        print("cell            decades per step back   |eigenvalues| of the last step's Jacobian")
        for name, cell in cells.items():
            unrolled = tr.unroll(cell, inputs)
            loss = losses[name] = (unrolled.final * direction).sum()
            flow = flows[name] = tr.trace(loss)
            rates[name] = decades_per_step(flow.through_time(unrolled)["h"])
            near[name] = np.sort(np.abs(np.linalg.eigvals(step_jacobians(cell, inputs)[-1])))
            low, high = near[name][[0, -1]]
            print(f"{name:<15} {rates[name]:+21.4f}   {low:.3f} .. {high:.3f}")
        save(viz.chart(flows, title="dL/dh at every step"), folder / "chart.svg")
        loss, flow = losses["antisymmetric"], flows["antisymmetric"]
        title = "A cell of one's own: the antisymmetric RNN"
        viz.draw(loss, flow, "gate", title=title).save(folder / "graph.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    conclude(
        (near["antisymmetric"][0] > 0.8 and near["antisymmetric"][-1] < 1.2,
         "All eigenvalues of the antisymmetric cell's Jacobian are near 1 in magnitude."),
        (abs(rates["antisymmetric"]) < 0.02 and rates["RNN"] < -0.1,
         "So the gradient reaches the first step about as it left the last, where the RNN's is "
         "gone: in graph.svg the straight edge from h to h carries it."),
    )  # fmt: skip
    print(
        '\nChange the line of A to M + M.T: the gradient still arrives, so it is "h +" that keeps'
    )
    print("it; but then h grows, and the units saturate. Or change --gamma and --eps.")


if __name__ == "__main__":
    run_command(PROG, main)
