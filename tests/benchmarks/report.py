"""The measured numbers as text: a table for each cell, the curves, and which goals are met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.statistics import number, show

TORCH, PRODUCTS = "PyTorch, elementary ops", "matrix products alone"
GRAPH, FUSED, COMPILED = "ours, op graph", "ours, fused", "ours, fused, Numba"
LAYER, JAX = "PyTorch, nn layer", "JAX, jitted scan"
SMALL = 50  # the number of steps by which the small size is told from the larger two


def report(data: dict[str, Any]) -> str:
    """Return all as text, about 110 columns wide."""
    machine = data["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, one thread each; "
        f"Python {machine['python']}, {versions}; {', '.join(machine['kernels'])}",
        ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
        + f"; a page fault takes {machine['page_fault_microseconds']:.2f} microseconds",
        "Forward and backward, loss at every step, processor time. Ratio to PyTorch's elementary "
        "ops in a loop: median, and quartiles.",
        *(f"left out: {name}: {reason}" for name, reason in sorted(data["absent"].items())),
    ]
    for cell in dict.fromkeys(row["cell"] for row in data["table"]):
        lines += ["", *table([row for row in data["table"] if row["cell"] == cell], cell)]
    lines += ["", *curves(data)]
    if data["plan"] != "smoke":
        goals = list(judge(data))
        lines += ["", "goals (ratios of the medians)"]
        lines += [f"  {'met   ' if met else 'MISSED'}  {text}" for met, text in goals]
    return "\n".join(lines)


def table(rows: list[dict[str, Any]], cell: str) -> Iterator[str]:
    """Yield the lines of one cell's table: contenders down, dtypes and sizes across."""
    columns = list(dict.fromkeys((row["dtype"], tuple(row["size"])) for row in rows))
    found = {(row["contender"], row["dtype"], tuple(row["size"])): row for row in rows}
    yield f"{cell.upper():28}" + "".join(f"{dtype:>18}" for dtype, _ in columns)
    yield f"{'':28}" + "".join("{:>18}".format("({},{},{},{})".format(*s)) for _, s in columns)
    for name in dict.fromkeys(row["contender"] for row in rows):
        cells = [found.get((name, *column)) for column in columns]
        if name == TORCH:
            shown = [number(row["ms"]["median"]) + " ms" for row in cells]
        else:
            shown = [show(row["to_torch"]) if row else "-" for row in cells]
        if any(row and row["to_torch"] is None for row in cells):  # no PyTorch: times, no ratios
            shown = [number(row["ms"]["median"]) + " ms" if row else "-" for row in cells]
        yield f"{name:28}" + "".join(f"{text:>18}" for text in shown)


def curves(data: dict[str, Any]) -> Iterator[str]:
    """Yield a line for every point of the curves."""
    for point in data["scale"]:
        yield (
            f"LSTM, op graph, H = 32, T = {point['steps']:>6}: "
            f"{point['microseconds']['median']:.0f} us a step, "
            f"{show(point['to_shortest'])} of the shortest; "
            f"{point['bytes'] / 1024:.1f} KiB a step at the peak"
        )
    for point in data["flow"]:
        size = "({},{},{},{})".format(*point["size"])
        recorded, read = show(point["recorded_to_plain"]), show(point["read_to_plain"])
        keeping = ", keep_memory()" if point["keep"] else ""
        yield (
            f"recording a flow, LSTM {size} {point['dtype']}{keeping}: {recorded} of a plain "
            f"backward, with every edge's norm read {read}"
        )
    for point in data["recorder"]:
        size = "({},{},{},{})".format(*point["size"])
        yield (
            f"a Recorder at every 50th iteration, LSTM {size}: "
            f"{100 * point['share']['median']:.1f} % of a training step"
        )
    if data["watched"]:
        yield (
            f"watching and tracing {data['watched']['steps']} steps of PyTorch's LSTMCell: "
            f"{show(data['watched']['to_plain'])} of its own forward and backward"
        )
    for point in data["faults"]:
        size = "({},{},{},{})".format(*point["size"])
        yield f"page faults of a training step, op graph, LSTM {size}: {point['faults']:.0f}"
    for work in dict.fromkeys(point["work"] for point in data["growth"]):
        own = [point for point in data["growth"] if point["work"] == work]
        times = ", ".join(f"{number(point['microseconds'])}" for point in own)
        yield f"{work}, from {own[0]['size']} to {own[-1]['size']}: {times} microseconds each"
    for point in data["drawing"]:
        yield (
            f"drawing an LSTM's {point['steps']} steps, detail {point['detail']}: "
            f"{point['seconds']:.2f} s, {point['bytes'] / 1e6:.2f} MB of SVG"
        )
    for point in data["pages"]:
        yield (
            f"page of an LSTM's {point['steps']} steps: {point['page']:.0f} microseconds a step, "
            f"{point['page'] / point['run']:.1f} times unroll and trace, "
            f"{point['bytes'] / 1e3:.0f} KB"
        )
    over, alone = (show(data["import"][key]) for key in ("over_numpy_ms", "numpy_ms"))
    yield f"import tinygrad_rnn: {over} ms over import numpy, which takes {alone} ms"


def grown(points: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return by how much each work's time for a piece grows from the fewest pieces to the most."""
    times: dict[str, list[float]] = {}
    for point in points:
        times.setdefault(point["work"], []).append(point["microseconds"])
    return [{"median": own[-1] / own[0]} for own in times.values()]


def judge(data: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    """Yield every goal that the data can speak of: whether it is met, and the worst case of it."""
    rows = {(r["cell"], tuple(r["size"]), r["dtype"], r["contender"]): r for r in data["table"]}
    cases = list(dict.fromkeys(key[:3] for key in rows))

    def worst(who: str, whom: str, limit: float, text: str, keep: Any) -> Iterator:
        ratios = {}
        for case in filter(keep, cases):
            a, b = rows.get((*case, who)), rows.get((*case, whom))
            if a and b:
                ratios[case] = a["ms"]["median"] / b["ms"]["median"]
        if ratios:
            case = max(ratios, key=ratios.__getitem__)
            where = "{} ({},{},{},{}) {}".format(case[0], *case[1], case[2])
            missed = sum(ratio > limit for ratio in ratios.values())
            many = f", {missed} of {len(ratios)} over" if missed else ""
            yield (
                ratios[case] <= limit,
                f"{who}, at most {limit} of {whom}, {text}: "
                f"at worst {ratios[case]:.2f} at {where}{many}",
            )

    small, larger, large = (
        lambda case: case[1][0] == SMALL,
        lambda case: case[1][0] > SMALL,
        lambda case: case[1][3] == 256,
    )
    yield from worst(GRAPH, TORCH, 0.75, "small", small)
    yield from worst(GRAPH, TORCH, 0.9, "larger two", larger)
    for peer in ("HIPS autograd", "MyGrad"):
        yield from worst(GRAPH, peer, 0.25, "all", lambda _: True)
    yield from worst(
        FUSED, LAYER, 0.5, "small, float64", lambda c: small(c) and c[2] == "float64" != c[0]
    )
    yield from worst(
        FUSED, LAYER, 1.0, "larger two, float64", lambda c: larger(c) and c[2] == "float64"
    )
    yield from worst(FUSED, PRODUCTS, 1.25, "largest", large)
    for peer in (LAYER, JAX):
        yield from worst(
            COMPILED, peer, 1.0, "LSTM, float32", lambda c: c[::2] == ("lstm", "float32")
        )
    for name, limit, unit, values in (
        (
            "a step at the longest T over the shortest",
            1.2,
            "",
            [p["to_shortest"] for p in data["scale"]],
        ),
        (
            "recording a flow and reading every edge's norm, over a plain backward",
            1.5,
            "",
            [p["read_to_plain"] for p in data["flow"]],
        ),
        ("import over numpy", 40.0, " ms", [data["import"]["over_numpy_ms"]]),
        (
            "a Recorder at every 50th iteration, over a training step",
            0.05,
            "",
            [p["share"] for p in data["recorder"]],
        ),
        (
            "watching and tracing a PyTorch model, over its forward and backward",
            3.0,
            "",
            [data["watched"]["to_plain"]] if data["watched"] else [],
        ),
        ("a piece among the most over one among the fewest", 1.5, "", grown(data["growth"])),
    ):
        if values:
            most = max(value["median"] for value in values)
            yield most <= limit, f"{name}, at most {limit:g}{unit}: {number(most)}{unit}"
