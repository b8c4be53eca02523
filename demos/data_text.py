"""What comes after these letters? Train on a text, sample from it, stop, go on another day.

An LSTM reads a text in --batch parallel stretches of --steps characters, keeps its state from one
stretch to the next and cuts the gradient there (truncated BPTT). The last tenth of the text is held
out: the bits per character there are compared with Markov models of the last 0, 1 and 2 characters.

All that is needed to go on is saved in OUT/text.safetensors; with --load, the same text and the
same --steps it goes on exactly as if it had never stopped. --load FILE --iterations 0 only samples.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from demos._learning import markov
from demos._writer import Writer
from demos.common import (
    UsageError,
    conclude,
    default_text,
    demo_parser,
    finite,
    int_between,
    output_folder,
    run_command,
)
from tinygrad_rnn.tensor import Array

PROG = "python -m demos.data_text"


def library() -> str:
    """Return all topics of Python's own help, in the order of their names."""
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise UsageError("this Python comes without its help: give --text-file") from error
    return "\n".join(topics[name] for name in sorted(topics))


def classes(text: str, alphabet: str, batch: int, steps: int) -> tuple[Array, Array]:
    """Return the first nine tenths of a text as (T, B) classes, and the last as (T', 16)."""
    strange = set(text) - set(alphabet)
    if strange:
        raise UsageError(f"the text has {min(strange)!r}, which the checkpoint has never read")
    place = {letter: k for k, letter in enumerate(alphabet)}
    symbols = np.array([place[letter] for letter in text])
    known = len(symbols) * 9 // 10
    needed = batch * (steps + 1)
    if known < needed or len(symbols) - known < 16 * 8:
        raise UsageError(
            f"the text has {len(text)} characters: {batch} stretches of {steps} + 1 in its first "
            f"nine tenths take {max(math.ceil(needed / 0.9), 1280)}; give a longer text, or "
            "smaller --batch and --steps"
        )
    return stretches(symbols[:known], batch), stretches(symbols[known:], 16)


def stretches(symbols: Array, count: int) -> Array:
    """Return a sequence cut into so many, side by side: (T, count)."""
    return symbols[: len(symbols) // count * count].reshape(count, -1).T


def main() -> None:
    parser = demo_parser("data_text", __doc__)
    add, count = parser.add_argument, int_between(1, 10**4)
    add("--text-file", metavar="FILE", type=Path, help="UTF-8 text; by default Python's own help")
    add("--load", metavar="FILE", type=Path, help="go on from this checkpoint")
    add("--iterations", metavar="N", type=int_between(0, 10**7), default=500, help="how many more")
    add("--hidden", metavar="H", type=count, default=128, help="hidden size, if new")
    add(
        "--batch",
        metavar="B",
        type=count,
        default=32,
        help="parallel stretches, if new",
    )
    add(
        "--steps",
        metavar="T",
        type=count,
        default=64,
        help="characters of a stretch",
    )
    add(
        "--sample", metavar="N", type=int_between(0, 10**6), default=300, help="characters to write"
    )
    add(
        "--temperature",
        metavar="X",
        type=finite,
        default=0.7,
        help="below 1: bolder, above: wilder",
    )
    args = parser.parse_args()
    if args.temperature <= 0:
        parser.error(f"--temperature {args.temperature:g} must be above 0")
    with output_folder(args.out) as folder:
        text = library() if args.text_file is None else default_text(args.text_file)
        alphabet = "".join(sorted(set(text)))
        if args.load:
            writer = Writer.load(args.load)
        else:
            writer = Writer(alphabet, args.hidden, args.batch, args.seed)
        train, test = classes(text, writer.alphabet, writer.batch, args.steps)
        print(f"{train.size} characters to learn from, {test.size} held out, ", end="")
        print(f"{len(writer.alphabet)} different; {writer.optimiser.steps} iterations so far.")
        writer.train(train, args.steps, args.iterations)
        print(f"{writer.optimiser.steps} iterations after training.\n")
        bits = {
            f"Markov, order {k}": markov(train, test, len(writer.alphabet), k, 4, 0.05)
            for k in range(3)
        }
        bits["LSTM"] = writer.bits(test, 4)
        print("what predicts    bits per held-out character")
        print("\n".join(f"{name:<15}  {value:8.3f}" for name, value in bits.items()))
        start = text[:20]
        rng = np.random.default_rng(args.seed)
        print(f"\n{start!r} and on, in its own words:\n")
        written = writer.sample(start, args.sample, args.temperature, rng)
        print(written)
        words = written.split()[1:-1]  # the first and the last may be cut
        known = np.mean([word in text for word in words]) if words else 0.0
        writer.save(folder / "text.safetensors")
    print(f"\nSaved text.safetensors into {args.out}; --load goes on from there")
    best = min(value for name, value in bits.items() if name != "LSTM")
    conclude(
        (bits["LSTM"] < best,
         f"After {writer.optimiser.steps} iterations the LSTM needs {bits['LSTM']:.2f} bits, fewer "
         f"than who counted what follows two characters, {best:.2f}."),
        (known > 0.5,
         f"Of the words that it wrote, {known:.0%} occur in the text; what they say means nothing "
         "yet."),
    )  # fmt: skip
    print(
        "\nChange --temperature, --hidden, or --text-file to a text of yours: a megabyte is good."
    )


if __name__ == "__main__":
    run_command(PROG, main)
