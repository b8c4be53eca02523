"""What does the next frame show? A film that this program makes: a bright square that bounces.

Each film has 20 frames of 10 x 10 pixels; a square of 3 x 3 starts somewhere, moves by a fixed step
in each direction, and turns round at the walls. From the frames so far a network gives every pixel
of the next frame a probability. One frame shows where the square is but not where it goes, so who
predicts the next frame has to remember the one before: that is what a state is for.

Baselines: the last frame (nothing moves), and a network of the same kind that is shown one frame
at a time and remembers nothing. The score is the mean squared error of the pixels.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos import common
from demos._learning import Network
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_video"
EDGE, SQUARE, FRAMES, KNOWN = 10, 3, 20, 3  # from the fourth frame on, all can be told
ROOM = EDGE - SQUARE


def places(rng: np.random.Generator, count: int) -> Array:
    """Return where the squares of made-up films are, as top and left: (frames, 2, count)."""
    start = rng.integers(0, ROOM + 1, (2, count))
    speed = rng.integers(1, 3, (2, count)) * rng.choice([-1, 1], (2, count))
    straight = start + speed * np.arange(FRAMES)[:, np.newaxis, np.newaxis]
    return np.asarray(np.abs((straight + ROOM) % (2 * ROOM) - ROOM))  # folded back at the walls


def films(rng: np.random.Generator, count: int) -> Array:
    """Return made-up films, pixels 0 and 1: (frames, count, EDGE * EDGE)."""
    line = np.arange(EDGE)
    corner = places(rng, count)[..., np.newaxis]
    lit = (corner <= line) & (line < corner + SQUARE)  # the rows, and the columns, of the square
    frames = lit[:, 0, :, :, np.newaxis] & lit[:, 1, :, np.newaxis, :]
    return frames.reshape(FRAMES, count, -1).astype(np.float32)


def train(kind: str, test: Array, iterations: int, seed: int, remembers: bool) -> Array:
    """Return the probability of each pixel of the test films' frames KNOWN + 1 and on."""
    network = Network(kind, EDGE**2, 64, EDGE**2, seed)
    rng = np.random.default_rng([seed, 1])
    optimiser = tr.Adam(network.parameters(), lr=tr.optim.cosine(0.01, iterations))

    def logits(given: Array) -> tr.Tensor:
        if remembers:
            return network.every(given)[KNOWN:]
        alone = given[KNOWN:].reshape(1, -1, EDGE**2)  # each frame a film of its own
        return network.every(alone).reshape(len(given) - KNOWN, -1, EDGE**2)

    about = f"{kind if remembers else 'one frame'}, seed {seed}"
    for _ in common.progress(range(iterations), about):
        film = films(rng, 32)
        optimiser.zero_grad()
        tr.bce_with_logits(logits(film[:-1]), film[KNOWN + 1 :]).backward()
        tr.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    with tr.no_grad():
        return np.asarray(tr.f.sigmoid(logits(test[:-1]).data))


def main() -> None:
    parser = common.demo_parser("data_video", __doc__, iterations=(1, 150), seeds=(1, 2))
    args = parser.parse_args()
    seeds = range(args.seed, args.seed + args.seeds)
    with common.output_folder(args.out) as folder:
        test = films(np.random.default_rng([args.seed, 2]), 100)
        asked = test[KNOWN + 1 :]
        said = {"last frame": [test[KNOWN:-1]]}
        print("what predicts the frame  squared error in the test")
        for name in ("last frame", "one frame alone", "RNN", "GRU"):
            if name not in said:
                kind, remembers = ("RNN", False) if name == "one frame alone" else (name, True)
                said[name] = [train(kind, test, args.iterations, s, remembers) for s in seeds]
            errors = [float(np.mean(np.square(p - asked))) for p in said[name]]
            print(f"{name:<23}  {common.spread(errors, '.4f')}", flush=True)
        columns = 8
        axes = common.panels(1 + len(said), columns, 1.0, 1.15)
        for row, (name, frames) in enumerate([("what comes", [asked]), *said.items()]):
            for t in range(columns):
                ax = axes[row * columns + t]
                ax.imshow(frames[0][t, 0].reshape(EDGE, EDGE), vmin=0, vmax=1, cmap="gray")
                ax.set(xticks=[], yticks=[])
                if t == 0:
                    ax.set_title(name, fontsize=8, loc="left")
        common.save(axes[0], folder / "frames.png")
    print(f"\nDrew frames.png, each row a forecast of the row at the top, into {args.out}")
    worst = {n: max(np.mean(np.square(p - asked)) for p in ps) for n, ps in said.items()}
    best = {n: min(np.mean(np.square(p - asked)) for p in ps) for n, ps in said.items()}
    next_places = onward(places(np.random.default_rng(args.seed), 5000))
    common.conclude(
        (next_places == 16 and best["one frame alone"] > 0.045,
         f"From one frame the square may go to any of up to {next_places} places; who sees "
         "one alone can but blur over all of them."),
        (max(worst["RNN"], worst["GRU"]) < best["one frame alone"],
         "Whoever has a state does better, with each seed, for the frame before tells which."),
    )  # fmt: skip
    print("\nChange --iterations: how sharp does the forecast become?")


def onward(where: Array) -> int:
    """Return the largest number of places that were seen to follow one and the same place."""
    pairs = np.concatenate([where[:-1], where[1:]], axis=1).transpose(0, 2, 1).reshape(-1, 4)
    _, counts = np.unique(np.unique(pairs, axis=0)[:, :2], axis=0, return_counts=True)
    return int(counts.max())


if __name__ == "__main__":
    common.run_command(PROG, main)
