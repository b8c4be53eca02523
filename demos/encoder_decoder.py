"""How does a decoder's gradient come back into the encoder? Through one state, or along attention.

An encoder reads a sequence; the decoder starts from its last state and says what it has read
(Sutskever et al. 2014; Cho et al. 2014). All that the decoder's losses have to tell the encoder
comes through that one state. Cut there, the encoder learns nothing at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tr
import viz
from demos.common import conclude, demo_parser, lines, output_folder, run_command, save, spread
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.encoder_decoder"


def losses(steps: int, hidden: int, seed: int, way: str) -> tuple[Any, tr.GradientFlow, tr.Run]:
    """Return the loss, its flow, and the encoder's run; `way` is state, attention or cut."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((steps, 1, 3))
    encoder, decoder = (tr.GRUCell(3, hidden, rng=rng) for _ in range(2))
    readout = tr.Linear(hidden, 3, rng=rng)
    with tr.scope("layer", 0):
        read = tr.unroll(encoder, x)
    state = read.final.detach() if way == "cut" else read.final
    with tr.scope("layer", 1):
        said = tr.unroll(decoder, np.zeros_like(x), state).outputs
    if way == "attention":  # each step of the decoder looks at all states of the encoder
        scores = np.einsum("tbh,sbh->tsb", said, read.outputs) / hidden**0.5
        said = said + np.einsum("tsb,sbh->tbh", tr.f.softmax(scores, axis=1), read.outputs)
    loss = tr.mse_loss(readout(said), x)
    loss.name = "loss"
    return loss, tr.trace(loss), read


def norms(flow: tr.GradientFlow, read: tr.Run) -> Array:
    return np.array([flow.norm(h) for h in read.hidden])


def main() -> None:
    parser = demo_parser("encoder_decoder", __doc__, steps=(2, 12), hidden=(1, 16), seeds=(1, 5))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        found = {}
        for way in ("state", "attention", "cut"):
            studies = [losses(args.steps, args.hidden, seed, way) for seed in seeds]
            found[way] = np.array([norms(flow, read) for _, flow, read in studies])
            first = spread(found[way][:, 0], ".1e")
            print(f"{way:<10} |dL/dh_0| of the encoder: {first}")
        loss, flow, _ = losses(3, args.hidden, args.seed, "state")
        title = (
            "The gradient of the decoder (layer 1) enters the encoder (layer 0) at its last state"
        )
        viz.draw(loss, flow, "gate", title=title).save(folder / "graph.svg")
        series = {way: np.median(v, axis=0) for way, v in found.items() if way != "cut"}
        labels = ("encoder's time step t", "|dL/dh_t|, median over seeds")
        ax = lines(series, range(args.steps), labels, "What the encoder gets", log=True)
        save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg and graph.svg into {args.out}")
    state, attention = (np.median(found[way], axis=0) for way in ("state", "attention"))
    conclude(
        (found["cut"].max() == 0, "Cut at that one state, the encoder gets exactly nothing."),
        (state[0] < 0.5 * state[-1],
         f"Through the state, {state[0] / state[-1]:.1%} of what enters is left at step 0."),
        (attention[0] / attention[-1] > 2 * state[0] / state[-1],
         "Attention adds an edge from the decoder to every state: more of it reaches the first."),
    )  # fmt: skip
    print("\nChange --steps: the longer the sequence, the narrower that one state is.")


if __name__ == "__main__":
    run_command(PROG, main)
