"""Random steps of cells, as they are given to the layout."""

from __future__ import annotations

import random
from typing import Any

from tests.viz.layout.ports import keyed
from viz.layout.step import lay_out


def random_step(seed: int) -> dict[str, Any]:
    """Arguments of `lay_out` for a step of one or two states, of some ten to twenty nodes."""
    rng = random.Random(seed)
    states = ["h", "c"][: 1 + seed % 2]
    inner = [f"n{i}" for i in range(rng.randint(4, 9))]
    order = [f"<{state}" for state in states] + inner + states
    edges: list[tuple[str, str, str]] = []

    def join(source: str, target: str) -> None:
        edges.append((f"{source}>{target}>{len(edges)}", keyed(source), keyed(target)))

    for place, key in enumerate(order[len(states) :], len(states)):
        for source in rng.sample(order[:place], min(place, rng.randint(1, 2))):
            join(source, key)
    tags = [f"w{i}" for i in range(rng.randint(1, 4))]
    for tag in [*tags, "_x"]:
        join(tag, rng.choice(inner))
    if rng.random() < 0.5:
        join(rng.choice(inner), "^out")
    sizes = {key: (rng.choice((22.0, 34.0, 61.0)), rng.choice((22.0, 34.0))) for key in inner}
    sizes |= dict.fromkeys(states, (46.0, 31.0)) | dict.fromkeys(tags, (33.0, 15.0))
    return {
        "sizes": sizes,
        "edges": edges,
        "states": states,
        "mirror": rng.random() < 0.25,
        "tags": tags,
        "junctions": [port for port in order[: len(states)] if rng.random() < 0.5],
        "ties": [("h", "c")] if seed % 8 == 7 else [],
    }


def laid_out(seed: int) -> str:
    """Where the boxes of a random step stand: its size, then a line for each box."""
    template = lay_out(**random_step(seed))
    lines = [f"step {seed}: {template.width:g} x {template.height:g}"]
    lines += [f"{box.key} {box.x:g} {box.y:g}" for box in template.boxes.values()]
    return "\n".join(lines) + "\n"
