"""Which public models are drawn: their packages, and how each is made as its authors meant it.

A model comes with the weights in its package where there are some, else with new ones. Each
function imports its package only when it is called, and returns the model, and a function of none
that runs it to a loss.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy, softplus

Made = tuple[torch.nn.Module, Callable[[], torch.Tensor]]


class Public(NamedTuple):
    """A model of a package.

    Attributes:
        package: with its version, as pip takes it.
        make: makes the model.
        trained: whether its weights come in the package.
        needs: packages that importing it takes, besides PyTorch and NumPy.
    """

    package: str
    make: Callable[[], Made]
    trained: bool = False
    needs: tuple[str, ...] = ()


def last_square(model: torch.nn.Module, *inputs: Any, batch_first: bool = True) -> Made:
    """Return a model whose loss is the mean square of what it puts out last."""

    def loss() -> torch.Tensor:
        out = model(*inputs)
        while isinstance(out, tuple | list):
            out = out[0]
        if out.ndim < 3:
            return out.square().mean()
        return (out[:, -1] if batch_first else out[-1]).square().mean()

    return model, loss


def series(steps: int, features: int, batch_first: bool = True) -> torch.Tensor:
    """Return a series to read, (1, T, I) or (T, 1, I)."""
    return torch.randn((1, steps, features) if batch_first else (steps, 1, features))


def resemblyzer() -> Made:
    module = import_module("resemblyzer.voice_encoder")
    return last_square(module.VoiceEncoder("cpu", verbose=False), series(160, 40).abs())


def g2p_fa() -> Made:
    module = import_module("g2p_fa")
    model = module.G2P_Fa().model
    source, target = torch.randint(3, 30, (12, 1)), torch.randint(3, 30, (10, 1))
    return model, lambda: cross_entropy(model(source, target, 1.0)[1:, 0], target[1:, 0])


def indonamegender() -> Made:
    module = import_module("indonamegender.predictor")
    place = Path(str(module.__file__)).parent / "data" / "CharBiLSTM.pt"
    weights = torch.load(place, weights_only=True)
    weights = weights.get("model_state", weights)
    size, inner = weights["embedding.weight"].shape
    model = module.BiRNNAttn(size, inner, module.CFG["HIDDEN_DIM"], 0.3, "lstm")
    model.load_state_dict(weights)
    letters = torch.randint(1, size, (1, 12))
    return model, lambda: softplus(model(letters)).mean()


def arabic_diacritizer() -> Made:
    module = import_module("diacritize.baseline.model")
    place = Path(str(module.__file__)).parents[1] / "assets" / "bilstm_best.pt"
    weights = torch.load(place, map_location="cpu", weights_only=True)
    weights = weights.get("model_state_dict", weights)
    model = module.BiLSTMDiacritizer(len(weights["embedding.weight"]))
    model.load_state_dict(weights)
    letters = torch.randint(1, 30, (1, 20))
    return model, lambda: cross_entropy(model(letters)[0], torch.randint(0, 15, (20,)))


def cfc() -> Made:
    module = import_module("ncps.torch")
    return last_square(module.CfC(4, 16), series(30, 4))


def wired_cfc() -> Made:
    module, wirings = import_module("ncps.torch"), import_module("ncps.wirings")
    return last_square(module.CfC(4, wirings.AutoNCP(16, 4)), series(20, 4))


def ltc() -> Made:
    module = import_module("ncps.torch")
    return last_square(module.LTC(4, 8), series(8, 4))


def array_lstm() -> Made:
    model = import_module("arrayLSTM").ArrayLSTM(4, 8, 2)
    return last_square(model, series(20, 4, batch_first=False), batch_first=False)


def da_rnn() -> Made:
    model = import_module("da_rnn.torch").DARNN(5, 10, 8)
    return last_square(model, series(10, 6))


def cerebral_lstm() -> Made:
    model = import_module("cerebral_lstm").CerebralLSTM(4, 8, num_layers=2)
    return last_square(model, series(20, 4, batch_first=False), batch_first=False)


def conv_lstm() -> Made:
    model = import_module("conv_lstm").ConvLSTM(2, 4, (3, 3), num_layers=2)
    return last_square(model, torch.randn(1, 12, 2, 6, 6))


def aru() -> Made:
    model = import_module("aru").ARU(4, 16, use_embedding=False)
    return last_square(model, series(20, 4))


def simplest_lstm() -> Made:
    return last_square(import_module("lstm_variants").LSTM(4, 8), series(20, 4), batch_first=False)


def focused_lstm() -> Made:
    return last_square(
        import_module("lstm_variants").FocusedLSTM(4, 8), series(20, 4), batch_first=False
    )


def lightweight_lstm() -> Made:
    return last_square(
        import_module("lstm_variants").LightweightLSTM(4, 8), series(20, 4), batch_first=False
    )


def lru() -> Made:
    return last_square(import_module("LRU_pytorch").LRU(4, 4, 8), series(20, 4))


def min_gru() -> Made:
    return last_square(import_module("minGRU_pytorch").minGRU(8), series(20, 8))


def bi_lstm_crf() -> Made:
    model = import_module("bi_lstm_crf").BiRnnCrf(30, 5, 8, 16)
    words, tags = torch.randint(1, 30, (2, 12)), torch.randint(0, 5, (2, 12))
    return model, lambda: model.loss(words, tags)


def demucs_blstm() -> Made:
    model = import_module("demucs.demucs").BLSTM(8, layers=2)
    x = torch.randn(1, 8, 24)
    return model, lambda: model(x)[:, :, -1].square().mean()


def light_recurrent_unit() -> Made:
    model = import_module("light_recurrent_unit_pytorch").LightRecurrentUnit(8, depth=2)
    return last_square(model, series(20, 8))


MODELS: dict[str, Public] = {
    "Resemblyzer's voice encoder": Public(
        "resemblyzer==0.1.4", resemblyzer, True,
        ("librosa", "lazy_loader", "scipy", "webrtcvad-wheels", "setuptools<81"),
    ),
    "G2P for Persian, encoder and decoder": Public("g2p-fa==1.1.0", g2p_fa, True),
    "Gender of Indonesian names, attention": Public(
        "indonamegender==1.1.1", indonamegender, True
    ),
    "Arabic diacritics, attention": Public("arabic-diacritizer==1.0.0", arabic_diacritizer, True),
    "Closed-form continuous-time network": Public("ncps==1.0.1", cfc),
    "The same, sparsely wired": Public("ncps==1.0.1", wired_cfc),
    "Liquid time-constant network": Public("ncps==1.0.1", ltc),
    "Array LSTM": Public("array-lstm==0.0.1", array_lstm),
    "DA-RNN, two stages of attention": Public("da-rnn==1.0.2", da_rnn),
    "Cerebral LSTM": Public("cerebral-lstm==1.1.1", cerebral_lstm),
    "Convolutional LSTM": Public("conv-lstm==0.1.2", conv_lstm),
    "Additive recurrent unit": Public("additive-recurrent-unit==0.1.0", aru),
    "LSTM without forget gate": Public("lstm-variants==0.1.2", simplest_lstm),
    "Focused LSTM": Public("lstm-variants==0.1.2", focused_lstm),
    "Lightweight LSTM": Public("lstm-variants==0.1.2", lightweight_lstm),
    "Linear recurrent unit": Public("lru-pytorch==0.1.3", lru),
    "minGRU, by a parallel scan": Public("mingru-pytorch==0.2.1", min_gru, False, ("einops",)),
    "BiLSTM and CRF": Public("bi-lstm-crf==0.2.1", bi_lstm_crf, False, ("tqdm",)),
    "Demucs's BLSTM": Public(
        "demucs==4.1.0", demucs_blstm, False, ("julius", "einops", "tqdm", "pyyaml")
    ),
    "Light recurrent unit": Public(
        "light-recurrent-unit-pytorch==0.1.4", light_recurrent_unit, False,
        ("einx", "einops", "torch-einops-utils", "sympy", "mpmath", "frozendict"),
    ),
}  # fmt: skip

NOT_HAD = """
Drawn without steps are those whose loop keeps its state in no call of a cell, or whose weights are
slices of one: their edges are all there, in one piece.

Tried and not had: Silero's VAD is a scripted model, which is refused by name; g2p-en, g2pM,
textgenrnn, chars2vec and Netra's transliterator compute without PyTorch; nnsplit is not offered for
this Python; elmoformanylangs stops at a type check of its own; Asteroid, Open-Unmix, Stanza and
Tianshou import many packages besides (soundfile, torchaudio, udapi, pandas), which are not fetched.
"""
