"""A network that writes: what the demo on text trains, samples from, saves and goes on with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_rnn as tr
from demos._learning import Network
from demos.common import UsageError, progress
from tinygrad_rnn.tensor import Array


class Writer:
    """A network that reads and writes characters, with all that its training has to remember."""

    def __init__(self, alphabet: str, hidden: int, batch: int, seed: int) -> None:
        self.alphabet, self.hidden, self.batch = alphabet, hidden, batch
        self.network = Network("LSTM", len(alphabet), hidden, len(alphabet), seed)
        self.optimiser = tr.Adam(self.network.parameters(), lr=0.01)
        self.one_hot = np.eye(len(alphabet), dtype=np.float32)
        self.state: Any = None

    def train(self, sequences: Array, steps: int, iterations: int) -> None:
        """Take so many iterations more through sequences of classes, (T, B)."""
        stretches = (len(sequences) - 1) // steps
        for _ in progress(range(iterations), "training"):
            start = self.optimiser.steps % stretches * steps
            piece = sequences[start : start + steps + 1]
            before = self.state if start else None
            ran = self.network.layer(self.one_hot[piece[:-1]], before, engine="fused")
            self.optimiser.zero_grad()
            tr.cross_entropy(self.network.readout(ran.outputs), piece[1:]).backward()
            tr.clip_grad_norm_(self.optimiser.parameters, 1.0)
            self.optimiser.step()
            self.state = [tr.LSTMState(h.detach(), c.detach()) for h, c in ran.final]

    def bits(self, sequences: Array, first: int) -> float:
        """Return the bits per character for sequences of classes, but for the first characters."""
        with tr.no_grad():
            logits = self.network.every(self.one_hot[sequences[:-1]])[first - 1 :]
            return float(tr.cross_entropy(logits, sequences[first:]).item() / math.log(2))

    def sample(self, start: str, count: int, temperature: float, rng: np.random.Generator) -> str:
        """Return so many characters written after `start`."""
        written, state = start, None
        with tr.no_grad():
            for n in range(len(start) + count - 1):
                symbol = self.one_hot[[self.alphabet.index(written[n])]]
                hidden, state = self.network.layer.step(symbol, state)
                if n >= len(start) - 1:
                    logits = self.network.readout(hidden).data[0].astype(np.float64) / temperature
                    noise = rng.gumbel(size=len(logits))
                    written += self.alphabet[int(np.argmax(logits + noise))]
        return written[len(start) :]

    def save(self, path: Path) -> None:
        """Write the weights, the optimiser's memory, the state and the alphabet."""
        content = {f"network.{k}": v for k, v in self.network.state_dict().items()}
        content |= {f"optimiser.{k}": v for k, v in self.optimiser.state_dict().items()}
        content["alphabet"] = np.array([ord(letter) for letter in self.alphabet])
        content["sizes"] = np.array([self.hidden, self.batch])
        for h, c in self.state or []:
            content |= {"state.h": h.data, "state.c": c.data}
        tr.save(path, content)

    @classmethod
    def load(cls, path: Path) -> Writer:
        """Return what `save` wrote."""
        try:
            content = tr.load(path)
            hidden, batch = map(int, content.pop("sizes"))
            writer = cls("".join(map(chr, content.pop("alphabet"))), hidden, batch, seed=0)
            if "state.h" in content:
                h, c = content.pop("state.h"), content.pop("state.c")
                writer.state = [tr.LSTMState(tr.Tensor(h), tr.Tensor(c))]
            for name, part in (("network", writer.network), ("optimiser", writer.optimiser)):
                part.load_state_dict(
                    {
                        k.removeprefix(f"{name}."): v
                        for k, v in content.items()
                        if k.startswith(name)
                    }
                )
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}; check the name") from error
        except (tr.TinygradError, KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"{path} is no checkpoint of this demo ({error}): train again without --load"
            ) from error
        return writer
