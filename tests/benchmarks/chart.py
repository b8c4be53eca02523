"""The measured numbers as one picture: the race above, the curves below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

MARKS = ("o", "s", "D", "^")
OURS, OTHERS = "#c85a13", "#0b5394"


def chart(data: dict[str, Any], path: Path) -> None:
    """Draw the ratios of all contenders and the curves, and write them to `path`."""
    cells = list(dict.fromkeys(row["cell"] for row in data["table"]))
    dtypes = list(dict.fromkeys(row["dtype"] for row in data["table"]))
    figure = plt.figure(figsize=(15, 4.2 * (len(dtypes) + 2)), layout="constrained")
    grid = figure.add_gridspec(len(dtypes) + 2, 12)
    width = 12 // len(cells)
    below = grid[-2:, :].subgridspec(2, 3)
    for i, dtype in enumerate(dtypes):
        for j, cell in enumerate(cells):
            axes = figure.add_subplot(grid[i, width * j : width * (j + 1)])
            rows = [r for r in data["table"] if (r["cell"], r["dtype"]) == (cell, dtype)]
            ratios(axes, rows, labels=j == 0)
            axes.set_title(f"{cell.upper()}, {dtype}")
    for place, draw in enumerate((step_time, step_memory, growth, flow, drawing, pages)):
        draw(figure.add_subplot(below[divmod(place, 3)]), data)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def ratios(axes: Any, rows: list[dict[str, Any]], labels: bool) -> None:
    """Draw one line for each contender, one mark for each size, quartiles as whiskers."""
    key = "to_torch" if rows[0]["to_torch"] else "ms"
    names = list(dict.fromkeys(row["contender"] for row in rows))[::-1]
    sizes = list(dict.fromkeys(tuple(row["size"]) for row in rows))
    for k, size in enumerate(sizes):
        own = [row for row in rows if tuple(row["size"]) == size]
        for row in own:
            value, y = row[key], names.index(row["contender"]) + 0.2 * (1 - k)
            colour = OURS if row["contender"].startswith("ours") else OTHERS
            axes.plot([value["q1"], value["q3"]], [y, y], color=colour, linewidth=1)
            axes.plot(value["median"], y, MARKS[k % 4], color=colour, markersize=5)
        axes.plot([], [], MARKS[k % 4], color="#808080", label="({},{},{},{})".format(*size))
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), names if labels else [])
    axes.set_xlabel("time over PyTorch's elementary ops" if key == "to_torch" else "milliseconds")
    axes.axvline(1, color="#808080", linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    if labels:
        axes.legend(title="(T, B, I, H)", fontsize="small", loc="best")


def step_time(axes: Any, data: dict[str, Any]) -> None:
    """Draw the time a step against the number of steps."""
    points = data["scale"]
    axes.plot(
        [p["steps"] for p in points],
        [p["microseconds"]["median"] for p in points],
        "o-",
        color=OURS,
    )
    axes.set(xscale="log", ylim=(0, None), xlabel="steps T", title="time a step, LSTM, H = 32")
    axes.set_ylabel("microseconds")


def step_memory(axes: Any, data: dict[str, Any]) -> None:
    """Draw the peak memory a step against the number of steps."""
    points = data["scale"]
    axes.plot([p["steps"] for p in points], [p["bytes"] / 1024 for p in points], "o-", color=OURS)
    axes.set(xscale="log", ylim=(0, None), xlabel="steps T", title="peak memory a step")
    axes.set_ylabel("KiB")


def growth(axes: Any, data: dict[str, Any]) -> None:
    """Draw what a piece takes against their number, over what it takes among the fewest."""
    points = data["growth"]
    for mark, work in zip(MARKS * 2, dict.fromkeys(p["work"] for p in points), strict=False):
        own = [p for p in points if p["work"] == work]
        ratios = [p["microseconds"] / own[0]["microseconds"] for p in own]
        axes.plot([p["size"] for p in own], ratios, mark + "-", label=work, markersize=4)
    axes.set(xscale="log", ylim=(0, 3), xlabel="pieces n", title="time a piece, over the fewest")
    sizes = sorted({p["size"] for p in points})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.legend(fontsize="x-small")


def flow(axes: Any, data: dict[str, Any]) -> None:
    """Draw what recording a flow costs over a plain backward."""
    points = [point for point in data["flow"] if not point["keep"]]
    names = ["({},{},{},{})\n{}".format(*p["size"], p["dtype"]) for p in points]
    axes.bar(range(len(points)), [p["read_to_plain"]["median"] for p in points], color=OURS)
    axes.set_xticks(range(len(points)), names, fontsize="x-small", rotation=60)
    axes.axhline(1, color="#808080", linewidth=0.8)
    axes.set(title="recording a flow, norms read", ylabel="over a plain backward")


def drawing(axes: Any, data: dict[str, Any]) -> None:
    """Draw the time to draw against the number of steps."""
    points = data["drawing"]
    for mark, detail in zip(MARKS, dict.fromkeys(p["detail"] for p in points), strict=False):
        own = [p for p in points if p["detail"] == detail]
        axes.plot([p["steps"] for p in own], [p["seconds"] for p in own], mark + "-", label=detail)
    axes.set(title="drawing all steps as SVG", xlabel="steps T", ylabel="seconds")
    if points:
        axes.set(xscale="log", yscale="log")
        axes.legend(fontsize="small")


def pages(axes: Any, data: dict[str, Any]) -> None:
    """Draw the time a step that a page takes, beside that of computing what it shows."""
    points = data["pages"]
    steps = [p["steps"] for p in points]
    axes.plot(steps, [p["page"] for p in points], "o-", color=OURS, label="page")
    axes.plot(steps, [p["run"] for p in points], "s-", color=OTHERS, label="unroll and trace")
    axes.set(xscale="log", ylim=(0, None), xlabel="steps T", title="time a step, page of an LSTM")
    axes.set_ylabel("microseconds")
    axes.legend(fontsize="small")
