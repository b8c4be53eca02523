"""What does the next frame show? A film that this program makes: a bright square that bounces.

Each film has 20 frames of 10 x 10 pixels; a square of 3 x 3 starts somewhere, moves by a fixed step
in each direction, and turns round at the walls. From the frames so far a network gives every pixel
of the next frame a probability. One frame shows where the square is but not where it goes, so who
predicts the next frame has to remember the one before.

Baselines: the last frame (nothing moves), and a network of the same kind that is shown one frame
at a time and remembers nothing. The score is the mean squared error of the pixels.
"""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tr
from demos._learning import Network, learn
from demos.common import demo_parser, output_folder, panels, run, save, whole
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_video"
EDGE, SQUARE, FRAMES, KNOWN = 10, 3, 20, 3  # from the fourth frame on, all can be told


def films(rng: np.random.Generator, count: int) -> Array:
    """Return made-up films, pixels 0 and 1: (frames, count, EDGE * EDGE)."""
    room = EDGE - SQUARE
    place = rng.integers(0, room + 1, (2, count))
    speed = rng.integers(1, 3, (2, count)) * rng.choice([-1, 1], (2, count))
    frames = np.zeros((FRAMES, count, EDGE, EDGE), dtype=np.float32)
    for t in range(FRAMES):
        # The path of a mirror image that goes straight on, folded back at the walls.
        folded = np.abs((place + t * speed + room) % (2 * room) - room)
        for n, (top, left) in enumerate(folded.T):
            frames[t, n, top : top + SQUARE, left : left + SQUARE] = 1
    return frames.reshape(FRAMES, count, -1)


def train(kind: str, test: Array, iterations: int, seed: int, remembers: bool = True) -> Array:
    """Return the probability of each pixel of the test films' frames KNOWN + 1 and on."""
    pixels = test.shape[-1]
    network = Network(kind, pixels, 64, pixels, seed)
    rng = np.random.default_rng([seed, 1])

    def logits(given: Array) -> tr.Tensor:
        if remembers:
            return network.every(given)[KNOWN:]
        alone = given[KNOWN:].reshape(1, -1, pixels)  # each frame a film of its own
        return network.every(alone).reshape(len(given) - KNOWN, -1, pixels)

    def loss() -> tr.Tensor:
        film = films(rng, 32)
        return tr.bce_with_logits(logits(film[:-1]), film[KNOWN + 1 :])

    rate = tr.optim.cosine(0.01, iterations)
    about = kind if remembers else "one frame"
    learn(network, loss, iterations, rate, measure=lambda: 0.0, every=iterations, about=about)
    with tr.no_grad():
        return np.asarray(1 / (1 + np.exp(-logits(test[:-1]).data)))


def main() -> None:
    parser = demo_parser("data_video", __doc__)
    add = parser.add_argument
    add("--iterations", metavar="N", type=whole(1, 10**6), default=300, help="of 32 films each")
    args = parser.parse_args()
    with output_folder(args.out) as folder:
        test = films(np.random.default_rng([args.seed, 2]), 100)
        asked = test[KNOWN + 1 :]
        said = {"last frame": test[KNOWN:-1]}
        print("what predicts the frame  squared error  better than the last frame")
        for name in ("last frame", "one frame alone", "RNN", "GRU", "LSTM"):
            if name not in said:
                alone = name == "one frame alone"
                kind = "RNN" if alone else name
                said[name] = train(kind, test, args.iterations, args.seed, not alone)
            errors = {who: float(np.mean(np.square(p - asked))) for who, p in said.items()}
            better = "yes" if errors[name] < errors["last frame"] else "no"
            print(f"{name:<23}  {errors[name]:13.5f}  {better}", flush=True)

        columns = 8
        axes = panels(1 + len(said), columns, 1.0, 1.15)
        for row, (name, frames) in enumerate([("what comes", asked), *said.items()]):
            for t in range(columns):
                ax = axes[row * columns + t]
                ax.imshow(frames[t, 0].reshape(EDGE, EDGE), vmin=0, vmax=1, cmap="gray")
                ax.set(xticks=[], yticks=[])
                if t == 0:
                    ax.set_title(name, fontsize=8, loc="left")
        save(axes[0], folder / "frames.png")
    print(f"\nDrew frames.png into {args.out}\n\n{CLOSING}")


CLOSING = """\
One frame alone leaves up to four places where the square may go, and a blur over all of them; who
remembers knows which. In the picture each row predicts the row at the top, made of a film of the
test. Two frames are enough here, so the gates are not needed for memory.
Change --iterations, or make the squares faster in the source: then walls are hit more often."""


if __name__ == "__main__":
    run(PROG, main)
