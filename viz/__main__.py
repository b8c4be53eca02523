"""Draw where the gradient goes in a recurrent network that reads your text or your numbers.

The network reads --steps time steps and predicts the next: the next character of a text by
cross-entropy, the next row of a table by mean squared error, through a read-out with random
weights. The loss is swept back to the first step, and each cell is drawn; several are also drawn
above one another.
"""

from __future__ import annotations

import argparse
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from tinygrad_rnn import viz  # not from the name that another project has, too
from tinygrad_rnn.interop.files import layer_in_words, list_layers
from tinygrad_rnn.nn.cells import NONLINEARITIES
from tinygrad_rnn.tensor import Array
from viz.charts import save
from viz.charts.axes import can_draw
from viz.cli.charts import CHART_KINDS, MOST_LOSSES, draw_charts
from viz.cli.command import (
    Parser,
    finite,
    int_between,
    one_line,
    output_folder,
    run_command,
)
from viz.cli.inputs import encode, excerpt, require_more_than, series, trained
from viz.cli.table import MISSING
from viz.dot import graphviz
from viz.reading.levels import LEVELS
from viz.style import NORMS
from viz.text import clean

PROG = "python -m viz"


EXAMPLES = """\
examples:
  python -m viz --cell lstm --steps 40 --detail gate --out out
  python -m viz --cell rnn lstm gru --text-file book.txt --format svg html --chart --open
  python -m viz --cell gru --layers 2 --hidden 16 --series weather.csv --loss every
  python -m viz --cell lstm gru --chart norms gates units
  python -m viz --weights model.pt --prefix encoder --series inputs.npy --detail step
"""

LAYERS: dict[str, Callable[..., Any]] = {"rnn": tr.RNN, "lstm": tr.LSTM, "gru": tr.GRU}

AT = {"last": "the last", "every": "every"}


Swept = tuple[tr.Tensor, tr.GradientFlow]  # a loss, and what went back from it

FORMATS = ("svg", "png", "pdf", "html", "dot", "json")


@dataclass(frozen=True)
class Task:
    """What is read, and what is predicted at each step: classes (T, B) or values (T, B, I)."""

    inputs: Array  # (T, B, I)
    targets: Array
    outputs: int
    read: str | list[str] | None = None  # what each step is called: a character, a date

    def loss(self, hidden: list[tr.Tensor], readout: tr.Parameter, every: bool) -> tr.Tensor:
        """Return the mean loss of the last step's prediction, or of every step's."""
        losses = []
        for t in range(0 if every else len(hidden) - 1, len(hidden)):
            prediction, target = tr.f.linear(hidden[t], readout), self.targets[t]
            if self.targets.ndim == 2:
                losses.append(tr.cross_entropy(prediction, target))
            else:
                losses.append(tr.mse_loss(prediction, target.astype(prediction.dtype)))
        loss: tr.Tensor = losses[0] if len(losses) == 1 else np.stack(losses).mean()
        loss.name = "loss"
        return loss


def read_task(args: argparse.Namespace) -> Task:
    """Read as many steps as are asked for, and what follows each."""
    if args.series is not None:
        values, labels, notes = series(args.series, args.columns, args.missing)
        for note in notes:
            say(note)
        if args.standardise:
            spread = values.std(axis=(0, 1))
            values = (values - values.mean(axis=(0, 1))) / np.where(spread > 0, spread, 1.0)
        require_more_than(len(values), args.steps, f"{args.series} has {len(values)} time steps")
        if labels:
            args.span = f" ({labels[0]} to {labels[args.steps - 1]})"
        read = labels[: args.steps] if labels else None
        return Task(values[: args.steps], values[1 : args.steps + 1], values.shape[2], read)
    text = excerpt(args.steps, args.text_file)
    classes, alphabet = encode(text)
    one_hot = np.eye(len(alphabet))[classes[:-1], np.newaxis]
    return Task(one_hot, classes[1:, np.newaxis], len(alphabet), text[:-1])


def networks(args: argparse.Namespace, task: Task) -> dict[str, Any]:
    """Return the layers to draw by name: those of a weights file, or new ones."""
    features = task.inputs.shape[2]
    if args.weights is not None:
        layers = trained(args.weights, features, args.prefix, args.nonlinearity, args.reset)
        say(f"{args.weights}: taken for {layer_in_words(layers)}")
        return {type(layers).__name__.lower().removesuffix("cell"): layers}
    biases: dict[str, dict[str, float]] = {
        "rnn": {},
        "lstm": {"forget_bias": args.forget_bias},
        "gru": {"update_bias": args.update_bias},
    }
    return {
        kind: LAYERS[kind](features, args.hidden, args.layers, rng=args.seed, **biases[kind])
        for kind in args.cell
    }


def unrolled(network: Any, inputs: Array) -> tuple[Any, list[tr.Tensor], tr.Tensor]:
    """Return the run of a cell or of layers, what each step puts out, and what the whole does.

    These are (B, H), or (B, 2*H) of both directions joined. What the whole sequence puts out is the
    final state: that of the half that runs backwards stands at the first step.
    """
    inputs = inputs.astype(next(iter(network.parameters())).dtype)
    if isinstance(network, tr.Cell):
        run = tr.unroll(network, inputs)
        return run, run.hidden, run.hidden[-1]
    layers = network(inputs)
    runs = layers.runs[-1]
    if len(runs) == 1:
        return layers, runs[0].hidden, runs[0].hidden[-1]
    joined: Any = np.concatenate([runs[0].hidden[-1], runs[1].hidden[0]], axis=-1)
    return layers, [layers.outputs[t] for t in range(len(inputs))], joined


def say(what: str) -> None:
    """Report progress: on stderr, so that the results can be piped on."""
    print(clean(f"{time.strftime('%H:%M:%S')}  {what}"), file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = Parser(PROG, __doc__ or "", EXAMPLES)
    part = parser.add_argument_group("what it reads").add_mutually_exclusive_group()
    part.add_argument(
        "--text-file", metavar="FILE", type=Path, help="UTF-8 text; without any, Python's own prose"
    )
    part.add_argument(
        "--series",
        metavar="FILE",
        type=Path,
        help="a table, a step in each row (.csv .tsv .parquet .xlsx), or .npy (T, B, I)",
    )
    add = parser.add_argument_group("the network").add_argument
    add(
        "--cell",
        metavar="CELL",
        nargs="+",
        choices=LAYERS,
        default=["lstm"],
        help=f"one or several to compare, of {', '.join(LAYERS)}",
    )
    add("--steps", metavar="N", type=int_between(1, 100_000), default=40, help="time steps to read")
    add("--hidden", metavar="N", type=int_between(1, 4096), default=32, help="hidden size")
    add("--layers", metavar="N", type=int_between(1, 64), default=1, help="how many, stacked")
    add("--loss", choices=("last", "every"), default="last", help="at which steps")
    add("--seed", metavar="N", type=int_between(0, 2**63), default=8, help="for all new weights")
    add("--forget-bias", metavar="B", type=finite, default=1.0, help="where an LSTM's starts")
    add("--update-bias", metavar="B", type=finite, default=0.0, help="where a GRU's starts")
    add(
        "--columns",
        metavar="NAMES",
        type=lambda text: [name.strip() for name in text.split(",")],
        help="of a table, such as temp,rain; numbers from 1 will do, too",
    )
    add("--missing", choices=MISSING, help="of a table's gaps: leave the row out, or fill them")
    add("--standardise", action="store_true", help="give each feature mean 0 and deviation 1")
    add(
        "--weights",
        metavar="FILE",
        type=Path,
        help="trained layers instead of new ones: .safetensors, .npz, .pt, .onnx, .keras, ...",
    )
    add("--prefix", metavar="NAME", default="", help="where in the weights file the layers are")
    add(
        "--nonlinearity",
        choices=NONLINEARITIES,
        help="of an RNN in a weights file that does not say it (taken for tanh)",
    )
    add(
        "--reset",
        choices=("before", "after"),
        help="where a GRU's gate acts, in a weights file that does not say it (taken for before)",
    )
    add("--list", action="store_true", help="say what the weights file holds, and draw nothing")
    add = parser.add_argument_group("the picture").add_argument
    add("--detail", choices=LEVELS, default="gate", help="what one node stands for")
    add("--draw", choices=("auto", "all"), default="auto", help="leave out middle steps, or none")
    add("--norm", choices=NORMS, default="l2", help="of each gradient")
    add(
        "--format",
        metavar="FORMAT",
        nargs="+",
        choices=FORMATS,
        help=f"one or several of {', '.join(FORMATS)} (default: svg; html where no Graphviz is)",
    )
    add(
        "--chart",
        metavar="KIND",
        nargs="*",
        choices=CHART_KINDS,
        help="also charts: norms (of themselves), gates, units, losses (with --loss every, always)",
    )
    add("--out", metavar="DIR", type=Path, default=Path("out"), help="folder to write to")
    add("--open", action="store_true", help="show the picture when it is done")
    parser.set_defaults(span="")  # which steps were read, by the labels of a table
    args = parser.parse_args()
    if args.weights is not None:
        for name in ("cell", "hidden", "layers", "forget_bias", "update_bias"):
            if getattr(args, name) != parser.get_default(name):
                option = name.replace("_", "-")
                parser.error(f"--weights brings a network of its own: leave out --{option}")
    for name in ("prefix", "list", "nonlinearity", "reset"):
        if getattr(args, name) and args.weights is None:
            parser.error(f"--{name} is for --weights: leave it out")
        if getattr(args, name) and args.list and name != "list":
            parser.error(f"--list tells of all layers as they would be taken: leave --{name} out")
    for name, kind in (("forget_bias", "lstm"), ("update_bias", "gru")):
        if getattr(args, name) != parser.get_default(name) and kind not in args.cell:
            parser.error(f"--{name.replace('_', '-')} is for --cell {kind}")
    args.chart = ["norms"] if args.chart == [] else list(args.chart or [])
    if "losses" in args.chart and args.loss != "every":
        parser.error("--chart losses is for --loss every")
    if "gates" in args.chart and args.weights is None and set(args.cell) == {"rnn"}:
        parser.error("--chart gates is for --cell lstm or gru")
    if args.loss == "every" and args.steps <= MOST_LOSSES and can_draw():
        args.chart.append("losses")
    for name in ("standardise", "columns", "missing"):
        if getattr(args, name) and args.series is None:
            parser.error(f"--{name} is for --series: leave it out")
    if args.format is None:
        args.format = ["svg"] if graphviz.is_there() else ["html"]
    return args


def pictures(
    args: argparse.Namespace, swept: Mapping[str, Swept], read: str | list[str] | None
) -> Iterator[tuple[str, viz.Picture]]:
    """Yield a picture of each network, and one of all where there are several, on one scale."""
    scale = viz.Scale.fit([flow for _, flow in swept.values()], args.norm)
    about = f"{args.steps} steps{args.span}, loss at {AT[args.loss]} step"
    options = {"detail": args.detail, "steps": args.draw, "norm": args.norm, "scale": scale}
    for name, (loss, flow) in swept.items():
        say(f"{name}: drawing at {args.detail} detail")
        yield name, viz.draw(loss, flow, title=f"{name.upper()}: {about}", labels=read, **options)
    if len(swept) > 1:
        say("comparing")
        runs = {name.upper(): one for name, one in swept.items()}
        yield "compare", viz.compare(runs, title=about, **options)


def report(name: str, loss: tr.Tensor, flow: tr.GradientFlow, run: Any) -> None:
    """Print what the flow says: what reaches the first step, for each layer, and what is wrong."""
    for line in str(tr.diagnose(loss, flow, run)).splitlines():
        print(clean(f"{name:<4}  {line}"))


def swept_networks(args: argparse.Namespace, task: Task) -> dict[str, Swept]:
    """Sweep each network's loss back and report; the networks by name."""
    swept: dict[str, Swept] = {}
    for name, network in networks(args, task).items():
        say(f"{name}: unrolling {args.steps} steps and sweeping back")
        run, hidden, last = unrolled(network, task.inputs)
        if args.loss == "last":
            hidden = [*hidden[:-1], last]
        size = hidden[0].shape[1]
        values = np.random.default_rng(args.seed).uniform(-1, 1, (task.outputs, size))
        readout = tr.Parameter(values / np.sqrt(size), "readout", hidden[0].dtype)
        loss = task.loss(hidden, readout, args.loss == "every")
        flow = tr.trace(loss)
        swept[name] = loss, flow
        report(name, loss, flow, run)
    return swept


def main() -> None:
    """Do what the command line says."""
    args = arguments()
    if args.list:
        for name, what in list_layers(args.weights).items():
            print(one_line(f"{name}: {what}" if name else what))
        return
    with output_folder(args.out) as folder:
        task = read_task(args)
        swept = swept_networks(args, task)
        drawn: list[str] = []
        for name, picture in pictures(args, swept, task.read):
            drawn.append(name)
            for form in dict.fromkeys(args.format):
                say(f"writing {name}.{form}")
                picture.save(folder / f"{name}.{form}")
        flows = {name: flow for name, (_, flow) in swept.items()}
        about = f"{args.steps} steps{args.span}, loss at {AT[args.loss]} step"
        for name, axes in draw_charts(args.chart, flows, args.norm, about):
            say(f"writing {name}.svg")
            save(axes, folder / f"{name}.svg")
        written = [args.out / file.name for file in sorted(folder.iterdir())]
    print(*map(clean, map(str, written)), sep="\n")
    if args.open:
        # The last picture that was drawn: of all networks, where there are several.
        shown = (args.out / f"{drawn[-1]}.{args.format[0]}").resolve()
        if not webbrowser.open(shown.as_uri()):
            say(f"no browser was found to open {shown}")


def start() -> None:
    """Begin as the command `tinygrad-rnn`."""
    run_command(PROG, main)


if __name__ == "__main__":
    start()
