"""What the worker computes: the steps of the command `tinygrad-rnn`, with its words and errors."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pyodide.code import eval_code

import tinygrad_rnn as tr
import viz
from viz import __main__ as command
from viz.cli.command import UsageError
from viz.cli.inputs import series

FILES = Path("/tmp")
shown: dict[str, Any] = {}  # what was drawn last: the losses and flows, and the picture


def versions() -> dict[str, str]:
    """Return what runs here."""
    python = sys.version.split()[0]
    return {"python": python, "numpy": np.__version__, "tinygrad_rnn": tr.__version__}


def answer(ask: str, *details: Any) -> dict[str, Any]:
    """Call one of the functions below; return {"done": ...}, or {"failed": a sentence}.

    An error is told, not raised: raised out of Python, Pyodide 0.27 can lose it on its way.
    """
    try:
        return {"done": {"draw": draw, "write": write, "chart": chart, "cell": cell}[ask](*details)}
    except MemoryError:
        return {"failed": "The browser gave no more memory: ask for fewer steps or a smaller size."}
    except (UsageError, viz.VizError, tr.TinygradError) as error:
        return {"failed": str(error)}
    except Exception as error:
        return {"failed": f"This went wrong here: {type(error).__name__}: {error}"}


def draw(asked: Any, data: Any) -> dict[str, Any]:
    """Draw as the command line would.

    Args:
        asked: the options, and whether the data are a table.
        data: the bytes of the text or table; where they are too short for the steps, fewer are
            read.
    """
    asked = asked.to_py()
    path = FILES / ("data.csv" if asked["table"] else "data.txt")
    path.write_bytes(data.to_bytes())
    reads = ["--series" if asked["table"] else "--text-file", path.name]
    options = [*asked["options"], *reads]
    place = options.index("--steps") + 1
    options[place] = str(min(int(options[place]), _longest(path, int(options[place]))))
    told = io.StringIO()
    with warnings.catch_warnings(record=True) as notes, contextlib.chdir(FILES):
        warnings.simplefilter("always", viz.VizWarning)
        args = _arguments(options)
        with contextlib.redirect_stdout(told):
            task = command.read_task(args)
            swept = command.swept_networks(args, task)
        *_, (_, picture) = command.pictures(args, swept, task.read)
        command.say("painting")
        svg = picture.to_bytes("svg").decode()
    shown.update(swept=swept, picture=picture, norm=args.norm)
    return {
        "svg": svg,
        "steps": args.steps,
        "words": told.getvalue() + _diagnosis(swept),
        "command": shlex.join(["tinygrad-rnn", *options, "--open"]),
        "notes": " ".join(str(note.message) for note in notes),
    }


def _longest(path: Path, wanted: int) -> int:
    """Return how many steps can be read: one less than there are, since the next is predicted."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".csv":
        long = text.count("\n") > wanted + 1  # a long table is read once only
        return wanted if long else max(1, len(series(path).values) - 1)
    return max(1, len(text) - 1)


def _arguments(options: list[str]) -> Any:
    """Return the parsed options; what is wrong with them is raised, not printed."""
    said = io.StringIO()
    sys.argv = ["tinygrad-rnn", *options]
    try:
        with contextlib.redirect_stderr(said):
            return command.arguments()
    except SystemExit:
        words = said.getvalue().partition(": ")[2].replace("(see --help)", "")
        raise UsageError(words.strip() or "these settings cannot be drawn") from None


def _diagnosis(swept: dict[str, Any]) -> str:
    """Return what is wrong with each network, in words."""
    found = {name.upper(): tr.diagnose(loss, flow) for name, (loss, flow) in swept.items()}
    return "".join(f"\n{name}: {diagnosis}\n" for name, diagnosis in found.items())


def write(form: str) -> Any:
    """Return the picture that was drawn last in another format."""
    command.say(f"writing the {'page' if form == 'html' else form}")
    return shown["picture"].to_bytes(form).decode()


def chart() -> str:
    """Return the chart of the gradient through time of what was drawn last."""
    flows = {name.upper(): flow for name, (_, flow) in shown["swept"].items()}
    with contextlib.chdir(FILES):
        viz.charts.save(viz.chart(flows, shown["norm"]), Path("chart.svg"))
    return (FILES / "chart.svg").read_text(encoding="utf-8")


class SVG:
    """What the notebook asks of IPython.display: an SVG that shows itself."""

    def __init__(self, data: bytes | str = "", filename: Any = None) -> None:
        text = Path(filename).read_text(encoding="utf-8") if filename else data
        self.data = text.decode() if isinstance(text, bytes) else str(text)

    def _repr_svg_(self) -> str:
        return self.data


def _stand_in(name: str, **members: Any) -> None:
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(members)


names: dict[str, Any] = {"__name__": "__main__"}  # of the notebook's cells
_stand_in("IPython", get_ipython=lambda: None)  # Matplotlib asks for it once there is one
_stand_in("IPython.display", SVG=SVG)


def cell(code: str) -> dict[str, Any]:
    """Run a notebook cell; return what it printed, and its last expression's value as shown."""
    said = io.StringIO()
    output: dict[str, Any] = {"failed": False}
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            value = eval_code(code, globals=names, filename="<cell>")
            if hasattr(value, "_repr_mimebundle_"):
                bundle = value._repr_mimebundle_()
                output["svg"] = bundle.get("image/svg+xml", "")
            elif hasattr(value, "_repr_svg_"):
                output["svg"] = value._repr_svg_()
            elif value is not None:
                print(repr(value))
        except BaseException as error:  # whatever a cell raises is shown below it
            output["failed"] = True
            lines = traceback.format_exception(error)
            said.write("".join(line for line in lines if "_pyodide" not in line))
    return {**output, "text": said.getvalue()}
