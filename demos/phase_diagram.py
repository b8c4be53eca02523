"""Where do gradients vanish, where explode? A map of cells, gain by length.

For every gain of the recurrent weights U (Gaussian, deviation gain / sqrt(H), for each gate) and
every length T, a random gradient is swept back from the last step, and

    d = log10(|dL/dh_1| / |dL/dh_T|) / (T - 1)        decades per step

is taken, the median over several seeds. Blue vanishes (d < 0), orange explodes (d > 0). An RNN
without inputs stays at h = 0, where tanh' is 1: its line stands near a gain of 1, the spectral
radius of U (Sompolinsky et al. 1988 for large H). Inputs push units into saturation and the line
up: how far depends on their size.

The results are kept in a file as they come: stop the demo and it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos.common import (
    UsageError,
    colour_bar,
    conclude,
    counter,
    demo_parser,
    int_between,
    output_folder,
    panels,
    run_command,
    save,
    style_axes,
)
from tinygrad_rnn.tensor import Array
from viz.style import LIGHT

PROG = "python -m demos.phase_diagram"
SILENT = "RNN, no inputs"
CELLS: dict[str, Any] = {
    SILENT: tr.RNNCell,
    "RNN": tr.RNNCell,
    "LSTM": tr.LSTMCell,
    "GRU": tr.GRUCell,
}
GAINS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def decades(cell: str, gain: float, steps: int, hidden: int, seed: int) -> float:
    """Return by how many decades per step the gradient changes on its way to the first step."""
    rng = np.random.default_rng(seed)
    made = CELLS[cell](4, hidden, rng=rng)
    made.weight_hh.data = rng.normal(0, gain / np.sqrt(hidden), made.weight_hh.shape)
    inputs = rng.standard_normal((steps, 1, 4))
    unrolled = tr.unroll(made, 0 * inputs if cell == SILENT else inputs)
    last = unrolled.hidden[-1]
    norms = tr.trace(last, rng.standard_normal(last.shape)).through_time(unrolled)["h"]
    with np.errstate(divide="ignore"):
        return float(np.log10(norms[0] / norms[-1]) / (steps - 1))


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """Yield an executor of the Dask scheduler at this address."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--dask needs Dask: pip install 'dask[distributed]'") from error
    try:
        client: Any = Client(address, timeout=5)  # type: ignore[no-untyped-call]  # dask has few types
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`"
        ) from error
    with client:
        yield client.get_executor()


def crossing(rates: Array) -> float:
    """Return at which gain the rate crosses 0, between two neighbours of the grid, or NaN."""
    ups = np.flatnonzero((rates[:-1] < 0) & (rates[1:] >= 0))
    if not len(ups):
        return float("nan")
    k = ups[0]
    share = -rates[k] / (rates[k + 1] - rates[k])
    return float(GAINS[k] + share * (GAINS[k + 1] - GAINS[k]))


def draw(ax: Any, lengths: list[int], rates: Array, title: str) -> Any:
    """Draw one map, (gains, lengths), and the line where the rate is 0."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("flow", LIGHT.ramp)
    columns, rows = range(len(GAINS)), range(len(lengths))
    limits = {"vmin": -0.5, "vmax": 0.5, "cmap": colours}
    image = ax.pcolormesh(columns, rows, rates.T, shading="nearest", **limits)
    if len(rows) > 1 and rates.min() < 0 < rates.max():
        ax.contour(columns, rows, rates.T, levels=[0.0], colors=["#1b2330"], linewidths=2)
    ax.set_xticks(columns, [f"{gain:g}" for gain in GAINS])
    ax.set_yticks(rows, lengths)
    style_axes(ax, "gain of U", "length T", title)
    ax.grid(False)
    return image


def main() -> None:
    parser = demo_parser("phase_diagram", __doc__)
    add = parser.add_argument
    add("--steps", metavar="N", type=int_between(2, 1000), default=80, help="the longest T")
    add("--hidden", metavar="N", type=int_between(1, 512), default=24, help="hidden size H")
    add("--seeds", metavar="N", type=int_between(1, 1000), default=5, help="how many draws of each")
    add("--dask", metavar="ADDRESS", help="compute on a Dask cluster, such as tcp://host:8786")
    args = parser.parse_args()
    lengths = sorted({max(2, args.steps // 2**k) for k in range(4)})
    grid = {"cell": CELLS, "gain": GAINS, "steps": lengths, "hidden": [args.hidden]}
    seeds = range(args.seed, args.seed + args.seeds)
    with output_folder(args.out) as folder:
        with cluster(args.dask) if args.dask else nullcontext() as executor:
            try:
                file = args.out / "results.jsonl"  # not in the folder that is undone on failure
                points = tr.study.run(decades, grid, file, seeds, executor, counter("sweep"))
            except OSError as error:
                raise UsageError(f"cannot write {file}: {error.strerror}") from error
        shape = (len(CELLS), len(GAINS), len(lengths), len(seeds))
        rates = np.median(np.reshape([point.result for point in points], shape), axis=-1)
        print(f"median decades per step at T = {lengths[-1]}, by gain")
        print(" " * 14 + "".join(f"{gain:8g}" for gain in GAINS))
        axes = panels(1, 4, 4.2, 3.4, share="all")
        for ax, name, map_ in zip(axes, CELLS, rates, strict=True):
            print(f"{name:<14}" + "".join(f"{rate:+8.3f}" for rate in map_[:, -1]))
            image = draw(ax, lengths, map_, name)
        colour_bar(image, axes, "decades per step back")
        save(axes[0], folder / "chart.svg")
    print(f"\nDrew chart.svg, beside results.jsonl, into {args.out}")
    at = {name: crossing(map_[:, -1]) for name, map_ in zip(CELLS, rates, strict=True)}
    slope = {name: float(np.ptp(map_[2:7, -1])) for name, map_ in zip(CELLS, rates, strict=True)}
    conclude(
        (0.85 < at[SILENT] < 1.15 and at["RNN"] > at[SILENT],
         f"The RNN without inputs neither vanishes nor explodes at a gain of {at[SILENT]:.2f}; "
         f"inputs saturate units, and move that to {at['RNN']:.2f}."),
        (max(slope["LSTM"], slope["GRU"]) < slope[SILENT],
         f"From a gain of 1 to 4 the rate of the RNN without inputs changes by "
         f"{slope[SILENT]:.2f}, that of the RNN by {slope['RNN']:.2f}, of the LSTM by "
         f"{slope['LSTM']:.2f}, of the GRU by {slope['GRU']:.2f}."),
    )  # fmt: skip
    print("\nChange --hidden: the inputs' weights shrink with its root. Where does the line go?")


if __name__ == "__main__":
    run_command(PROG, main)
