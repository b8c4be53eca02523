"""The path through the demos, `python -m demos`; one of them, `python -m demos NAME`."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module

from demos.chapters import CHAPTERS
from demos.common import UsageError, run_command


def contents() -> str:
    """Return the list of all chapters and demos."""
    lines = [
        "The path, in reading order. `python -m demos NAME` runs a demo, with --help tells more.",
        "Before them: demos/tour.ipynb, from a scalar to an unrolled LSTM, to open in Jupyter.",
        "Beside them: `python -m demos.exercises`, ten gradients to derive by hand, and a check.",
    ]
    for number, chapter in enumerate(CHAPTERS, 1):
        lines.append(f"\n{number}. {chapter.title}")
        for demo in chapter.demos:
            lines.append(f"   {demo.name:<22} {demo.level:<12} {demo.seconds:3} s")
            lines.append(f"      {demo.question}")
    return "\n".join(lines)


def main() -> None:
    match sys.argv[1:]:
        case []:
            print(contents())
        case ["-h" | "--help"]:
            print("python -m demos lists the demos; python -m demos NAME [options] runs one.")
        case [name, *options]:
            names = [demo.name for chapter in CHAPTERS for demo in chapter.demos]
            if name not in names:
                near = " or ".join(get_close_matches(name, names)) or "see `python -m demos`"
                raise UsageError(f"there is no demo {name!r}: {near}")
            module = import_module(f"demos.{name}")
            sys.argv = [f"python -m demos {name}", *options]
            run_command(module.PROG, module.main)


if __name__ == "__main__":
    run_command("python -m demos", main)
