"""Which base comes next? The genome of a virus, against what the last bases tell.

The lambda phage has 48,502 bases. Its genome is cut into a hundred blocks; every fifth is held
out. A network reads a block base by base and gives a probability to each next base; its
cross-entropy in bits per base is compared with Markov models, which look at the last k bases and
count what followed them in the training blocks (each count starts at 1). Blind guessing takes 2.

Then the best network is made to forget: it begins anew k bases before each that it predicts. That
tells how far back what it uses lies.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._learning import LAYERS, Network, markov
from demos.data import HERE, genome
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_dna"
BLOCKS, EVERY, FIRST = 100, 50, 4  # the first bases of a block, known to none, do not count
CONTEXTS = (1, 2, 3, 5, 8, 16, 32, 64)
BASES = np.eye(4, dtype=np.float32)


def split(bases: Array) -> tuple[Array, Array]:
    """Return the training blocks and the held-out ones, shape (bases, blocks)."""
    if len(bases) < 10 * BLOCKS:
        few = f"{len(bases)} bases are too few to learn from: give {10 * BLOCKS}"
        raise common.UsageError(few)
    blocks = bases[: len(bases) // BLOCKS * BLOCKS].reshape(BLOCKS, -1).T
    held_out = np.arange(BLOCKS) % 5 == 4
    return blocks[:, ~held_out], blocks[:, held_out]


def bits(network: Network, blocks: Array) -> tr.Tensor:
    """Return the cross-entropy of the bases after the first ones, in bits per base."""
    logits = network.every(BASES[blocks[:-1]])[FIRST - 1 :]
    return tr.cross_entropy(logits, blocks[FIRST:]) / np.float32(np.log(2))


def train_network(
    kind: str, train: Array, test: Array, iterations: int, hidden: int, seed: int
) -> tuple[Network, list[float]]:
    """Return the network, and its bits per base of the test blocks after every 50 iterations."""
    network, rng = Network(kind, 4, hidden, 4, seed), np.random.default_rng([seed, 1])
    optimiser = tr.Adam(network.parameters(), lr=tr.optim.cosine(0.005, iterations))
    window, measured = min(100, len(train) - 1), []
    for n in common.progress(range(1, iterations + 1), f"{kind}, seed {seed}"):
        start = rng.integers(len(train) - window)
        optimiser.zero_grad()
        bits(network, train[start : start + window + 1]).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if n % EVERY == 0 or n == iterations:
            with tr.no_grad():
                measured.append(bits(network, test).item())
    return network, measured


def forgetful(network: Network, test: Array, k: int) -> float:
    """Return the bits per base where the network sees no more than the last k bases."""
    ends = np.arange(max(CONTEXTS), len(test))[:: max(1, len(test) // 200)]
    seen = np.concatenate([test[end - k : end] for end in ends], axis=1)
    with tr.no_grad():
        loss = tr.cross_entropy(network.last(BASES[seen]), test[ends].ravel())
    return float(loss.item() / np.log(2))


def main() -> None:
    parser = common.demo_parser(
        "data_dna", __doc__, iterations=(1, 300), hidden=(1, 32), seeds=(1, 2)
    )
    file = parser.add_argument
    file("--file", metavar="FILE", type=Path, help="FASTA, also .gz; without it, lambda phage")
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with common.output_folder(args.out) as folder:
        train, test = split(genome(args.file or HERE / "lambda-phage.fa.gz"))
        print(f"{train.size} bases to learn from, {test.size} held out.\n")
        print("what predicts the next base  bits per base")
        known = [markov(train, test, 4, order, FIRST, 1.0) for order in range(FIRST + 1)]
        for order, value in enumerate(known):
            print(f"Markov, order {order:<15}  {value:.4f}")
        curves, last, back = {}, {}, []
        for kind in LAYERS:
            found = [
                train_network(kind, train, test, args.iterations, args.hidden, seed)
                for seed in seeds
            ]
            curves[kind] = np.transpose([measured for _, measured in found])
            last[kind] = curves[kind][-1]
            print(f"{kind:<29}  {common.spread(last[kind], '.4f')}", flush=True)
            if kind == "RNN":
                reach = [k for k in CONTEXTS if k < len(test) - 1] if len(test) > 70 else []
                back = [[forgetful(network, test, k) for network, _ in found] for k in reach]
        if back:
            print(
                "\nThe RNN, made to forget:  "
                + "  ".join(f"{k:>6}" for k in reach)
                + "  bases seen"
            )
            print(" " * 26 + "  ".join(f"{np.median(row):.4f}" for row in back))
        left, right = common.panels(1, 2, 5.6, 4.0)
        flat = {f"Markov, order {k}": np.full(len(curves["RNN"]), known[k]) for k in (0, 2, 3)}
        steps = EVERY * np.arange(1, len(curves["RNN"]) + 1)
        label = ("iteration", "bits per base")
        common.lines(curves | flat, steps, label, "Held-out blocks", ax=left)
        if back:
            label = ("k, the bases it sees", "bits per base")
            common.lines({"RNN": back}, reach, label, "The RNN, made to forget", ax=right)
            right.set_xscale("log", base=2)
        common.save(left, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    margin = min(known) - max(np.median(x) for x in last.values())
    by_k = dict(zip(reach, np.median(np.array(back), axis=1), strict=True)) if back else {}
    common.conclude(
        (0 < margin < 0.1,
         f"The networks are better than every Markov model, by {margin:.3f} bits: DNA is close "
         "to random for who sees only what came before."),
        (np.median(last["RNN"]) <= min(np.median(last["GRU"]), np.median(last["LSTM"])) + 0.005,
         "The tanh RNN is as good as those with gates, after as many iterations."),
        (bool(by_k) and by_k[3] - by_k[16] > 0.005 < by_k[16] - by_k[64],
         "Made to forget, the RNN loses on the way from 64 bases to 16, and from 16 to 3: what "
         "it has over a Markov model lies near and far, not in the last few bases alone."),
    )  # fmt: skip
    print("\nChange --hidden or --iterations: when do the held-out blocks get worse? Or --file.")


if __name__ == "__main__":
    common.run_command(PROG, main)
