"""Is this a protein? Amino acids read off a genome, in the right frame and in a wrong one.

A gene is read in triples of bases, each of which names one of 20 amino acids; read from the next
base on, the same DNA names others, which no cell ever makes. The lambda phage's long stretches from
a start to a stop are its likely genes. Of 30 amino acids without a stop a network says whether they
were read rightly; every fourth gene is held out.

Baselines: guessing, 1/2, since there are as many of each; and a linear layer that is shown how
often each amino acid occurs. As a control one network is given them in a random order.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._learning import LAYERS, Network
from demos.data import CODE, HERE, genes, genome, translated
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_protein"
LENGTH = 30
LETTERS = sorted(set(CODE) - {"*"})
ONE_HOT = np.eye(len(LETTERS), dtype=np.float32)


def stretches(found: list[Array], rng: np.random.Generator) -> tuple[Array, Array]:
    """Return stretches of genes (N, LENGTH), as many rightly read (1) as wrongly (0), and which."""
    read: tuple[list[list[int]], list[list[int]]] = ([], [])
    for gene in found:
        for frame in range(3):
            acids = translated(gene, frame)
            for at in range(0, len(acids) - LENGTH, LENGTH // 2):
                part = acids[at : at + LENGTH]
                if "*" not in part:
                    read[frame == 0].append([LETTERS.index(acid) for acid in part])
    fewer = min(map(len, read))
    rows = [np.array(kind)[rng.choice(len(kind), fewer, replace=False)] for kind in read]
    return np.concatenate(rows), np.repeat([0, 1], fewer)


def train(
    network: Network | None, x: Array, y: Array, test: Array, iterations: int, seed: int
) -> Array:
    """Return what a network, or without one a linear layer on counts, says of test stretches."""
    rng, linear = np.random.default_rng([seed, 1]), tr.Linear(len(LETTERS), 2, rng=seed)

    def logits(rows: Array) -> tr.Tensor:
        if network is None:
            return linear(ONE_HOT[rows].mean(axis=1))  # type: ignore[no-any-return]  # typed open
        return network.every(ONE_HOT[rows.T]).mean(axis=0)

    parameters = (network or linear).parameters()
    optimiser = tr.Adam(parameters, lr=tr.optim.cosine(0.005 if network else 0.05, iterations))
    for _ in common.progress(range(iterations), f"seed {seed}"):
        chosen = rng.choice(len(x), 64)
        optimiser.zero_grad()
        tr.cross_entropy(logits(x[chosen]), y[chosen]).backward()
        tr.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
    with tr.no_grad():
        return np.asarray(logits(test).data.argmax(axis=-1))


def main() -> None:
    parser = common.demo_parser("data_protein", __doc__, iterations=(1, 200), seeds=(1, 3))
    args = parser.parse_args()
    with common.output_folder(args.out) as folder:
        found = genes(genome(HERE / "lambda-phage.fa.gz"))
        rng = np.random.default_rng(0)  # which stretches is no matter of the seed
        x, y = stretches([g for k, g in enumerate(found) if k % 4 != 3], rng)
        test, truth = stretches(found[3::4], rng)
        print(f"{len(found)} genes; {len(x)} stretches to learn from, {len(test)} to test with.\n")
        print("who says it      right")
        right: dict[str, list[float]] = {}
        for name in ("linear, counts", *LAYERS, "GRU, shuffled"):
            for seed in range(args.seed, args.seed + args.seeds):
                kind = name.split(",")[0]
                network = Network(kind, len(LETTERS), 32, 2, seed) if kind in LAYERS else None
                mixed = np.random.default_rng(seed)
                given, asked = (mixed.permuted(a, axis=1) if "," in name else a for a in (x, test))
                said = train(network, given, y, asked, args.iterations, seed)
                right.setdefault(name, []).append(float(np.mean(said == truth)))
            print(f"{name:<15}  {common.spread(right[name], '.0%')}")
        ax = common.new_axes()
        middle = {name: float(np.median(shares)) for name, shares in right.items()}
        ax.bar(list(middle), list(middle.values()), color=common.COLOURS[2])
        ax.axhline(0.5, color="0.3", linestyle="--")
        common.style_axes(
            ax, "", "share right (dashed: guessing)", "Rightly read, or one base off?"
        )
        ax.tick_params(axis="x", labelrotation=15)
        common.save(ax, folder / "chart.svg")
    print(f"\nDrew chart.svg into {args.out}")
    counts, *networks, shuffled = middle.values()
    common.conclude(
        (counts > 0.8,
         f"How often each amino acid occurs tells a protein in {counts:.0%}: a wrong frame makes "
         "others."),
        (abs(max(networks) - counts) < 0.06 and abs(middle["GRU"] - shuffled) < 0.06,
         f"Their order adds next to nothing that {len(x)} stretches teach: the networks are right "
         f"in {min(networks):.0%} to {max(networks):.0%}, and shuffled in {shuffled:.0%}."),
    )  # fmt: skip
    print("\nChange LENGTH in the code: how few amino acids are enough?")


if __name__ == "__main__":
    common.run_command(PROG, main)
