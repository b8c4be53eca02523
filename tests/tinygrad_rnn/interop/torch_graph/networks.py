"""Networks as people write them in PyTorch, for the tests of what watches them."""

import torch
from torch import nn
from torch.nn.utils import rnn

STEPS, BATCH, INPUTS, HIDDEN = 4, 3, 2, 5


class Layers(nn.Module):
    """A recurrent layer and a read-out of its last output, or of every one."""

    def __init__(self, layer, last=True):
        super().__init__()
        self.rnn, self.last = layer, last
        size = (layer.proj_size or layer.hidden_size) * (2 if layer.bidirectional else 1)
        self.head = nn.Linear(size, 1)

    def forward(self, x):
        outputs, _ = self.rnn(x.transpose(0, 1) if self.rnn.batch_first else x)
        if self.last:
            outputs = outputs[:, -1] if self.rnn.batch_first else outputs[-1]
        return self.head(outputs)


class Packed(nn.Module):
    """Sequences of different lengths, packed."""

    def __init__(self, layer):
        super().__init__()
        self.rnn = layer

    def forward(self, x):
        packed = rnn.pack_padded_sequence(x, [4, 2, 1])
        outputs, state = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs)
        return outputs.sum() + (state[0] if isinstance(state, tuple) else state).pow(2).sum()


class Loop(nn.Module):
    """One of PyTorch's cells in a loop, with a read-out at every step."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.head = cell, nn.Linear(HIDDEN, 1)

    def forward(self, x):
        state, outputs = None, []
        for t in range(len(x)):
            state = self.cell(x[t], state)
            outputs.append(self.head(state[0] if isinstance(state, tuple) else state))
        return torch.stack(outputs)


class Stacked(nn.Module):
    """Two cells, one above the other."""

    def __init__(self):
        super().__init__()
        self.lower, self.upper = nn.LSTMCell(INPUTS, HIDDEN), nn.GRUCell(HIDDEN, HIDDEN)

    def forward(self, x):
        low = up = None
        for t in range(len(x)):
            low = self.lower(x[t], low)
            up = self.upper(low[0], up)
        return up


class Weights(nn.Module):
    """A network of bare weights."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(INPUTS, HIDDEN) / 2)
        self.U = nn.Parameter(torch.randn(HIDDEN, HIDDEN) / 2)

    def forward(self, x):
        h, total = torch.zeros(x.shape[1], HIDDEN, dtype=x.dtype), 0
        for t in range(len(x)):
            h = torch.tanh(x[t] @ self.W + h @ self.U)
            total = total + h.pow(2).mean()
        return total


class Gates(nn.Module):
    """An LSTM of four linear layers."""

    def __init__(self):
        super().__init__()
        self.gates = nn.ModuleDict({name: nn.Linear(INPUTS + HIDDEN, HIDDEN) for name in "ifgo"})

    def forward(self, x):
        h = c = torch.zeros(x.shape[1], HIDDEN, dtype=x.dtype)
        for t in range(len(x)):
            z = torch.cat([x[t], h], 1)
            i, f, o = (torch.sigmoid(self.gates[name](z)) for name in "ifo")
            c = f * c + i * torch.tanh(self.gates["g"](z))
            h = o * torch.tanh(c)
        return h


class Translator(nn.Module):
    """Embedding, bidirectional encoder, decoder with attention that reads its own output."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.encoder = nn.GRU(4, 3, bidirectional=True, batch_first=True)
        self.attention = nn.Linear(6, 6)
        self.decoder = nn.GRUCell(4 + 6, 6)
        self.vocabulary = nn.Linear(6, 7)

    def forward(self, x):
        tokens = torch.arange(8).reshape(2, 4) % 7
        encoded, last = self.encoder(self.embed(tokens))
        h, token, losses = torch.cat([last[0], last[1]], 1), tokens[:, 0], []
        for _ in range(3):
            scores = (self.attention(h)[:, None] * encoded).sum(-1)
            context = (torch.softmax(scores, 1)[..., None] * encoded).sum(1)
            h = self.decoder(torch.cat([self.embed(token), context], 1), h)
            logits = self.vocabulary(h)
            token = logits.argmax(-1)
            losses.append(nn.functional.cross_entropy(logits, torch.tensor([1, 2])))
        return torch.stack(losses)


I, H = INPUTS, HIDDEN  # noqa: E741  # as in the equations
NETWORKS = {
    "LSTM": lambda: Layers(nn.LSTM(I, H)),
    "LSTM, batch first": lambda: Layers(nn.LSTM(I, H, batch_first=True)),
    "LSTM, every output": lambda: Layers(nn.LSTM(I, H, 2, dropout=0.3), last=False),
    "LSTM, both ways": lambda: Layers(nn.LSTM(I, H, 2, bidirectional=True), last=False),
    "LSTM, projected": lambda: Layers(nn.LSTM(I, H, 2, proj_size=3)),
    "GRU": lambda: Layers(nn.GRU(I, H, 2, dropout=0.4)),
    "GRU, both ways": lambda: Layers(nn.GRU(I, H, bidirectional=True, bias=False), last=False),
    "RNN": lambda: Layers(nn.RNN(I, H, 2)),
    "RNN, relu": lambda: Layers(nn.RNN(I, H, nonlinearity="relu", bidirectional=True), last=False),
    "packed LSTM": lambda: Packed(nn.LSTM(I, H, 2, bidirectional=True, dropout=0.5)),
    "packed GRU": lambda: Packed(nn.GRU(I, H, 2, bidirectional=True)),
    "packed RNN": lambda: Packed(nn.RNN(I, H)),
    "LSTMCell": lambda: Loop(nn.LSTMCell(I, H)),
    "GRUCell": lambda: Loop(nn.GRUCell(I, H)),
    "RNNCell": lambda: Loop(nn.RNNCell(I, H, nonlinearity="relu")),
    "two cells": Stacked,
    "weights": Weights,
    "gates": Gates,
    "translator": Translator,
}


def network(name, dtype=torch.float64):
    """Return a network with random weights, and its input."""
    torch.manual_seed(7)
    model = NETWORKS[name]().to(dtype)
    return model, torch.randn(STEPS, BATCH, INPUTS, dtype=dtype)
