"""One public model: watched, drawn, every drawn edge held to what PyTorch's own hooks are told."""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import torch

import tinygrad_rnn as tr
import viz
from tests.models.catalogue import MODELS
from tinygrad_rnn.diagnosis.chains import chains_of
from tinygrad_rnn.interop.torch import watch


def told(flow: Any, loss: torch.Tensor) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return what PyTorch tells hooks on the nodes of a flow in a second sweep: sent, received."""
    sent: dict[Any, Any] = {}
    received: dict[Any, Any] = {}

    def hook(node: Any) -> Any:
        def note(back: Any, got: Any) -> None:
            sent.update({(node, k): part for k, part in enumerate(back)})
            received.update({(node, k): part for k, part in enumerate(got)})

        return note

    origins = {edge.consumer.origins[edge.slot].node for edge in flow.edges}
    handles = [node.register_hook(hook(node)) for node in origins]
    tr.trace(loss)
    for handle in handles:
        handle.remove()
    return sent, received


def examine(name: str) -> dict[str, Any]:
    """Return what is found of a model; see `Public`."""
    torch.manual_seed(0)
    model, run = MODELS[name].make()
    model.train(False)
    state = torch.get_rng_state()
    plain = run()
    torch.set_rng_state(state)
    begun = time.perf_counter()
    with watch(model):
        loss = run()
    flow = tr.trace(loss)
    watched = time.perf_counter() - begun
    assert torch.equal(loss, plain), "the watch changed the loss"
    sent, received = told(flow, loss)
    worst = 0.0
    for edge in flow.edges:
        origin = edge.consumer.origins[edge.slot]
        part = (
            sent[origin.node, origin.slot]
            if origin.slot >= 0
            else received[origin.node, -1 - origin.slot]
        )
        expected = float(torch.linalg.vector_norm(part.double()))
        worst = max(worst, abs(edge.l2 - expected) / max(expected, 1e-300) if expected else edge.l2)
    begun = time.perf_counter()
    svg = viz.draw(loss, flow, detail="cell").to_bytes("dot")
    drawn = time.perf_counter() - begun
    assert len(svg) > 1000
    chains = chains_of(None, flow.graph.nodes)
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "edges": len(flow.edges),
        "worst": worst,
        "steps": max((len(chain.steps) for chain in chains), default=0),
        "layers": len(chains),
        "watched": watched,
        "drawn": drawn,
        "headline": tr.diagnose(loss, flow).headline,
        "finite": bool(np.isfinite([edge.l2 for edge in flow.edges]).all()),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the models' own
    sys.stdout.write(json.dumps(examine(sys.argv[1])) + "\n")
