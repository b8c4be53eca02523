"""Weights in orders and by names of one's own, against the equations in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.interop import Convention, from_arrays

T, B, I, H = 4, 2, 3, 5  # noqa: E741  # I is the input size, as everywhere here
X = np.random.default_rng(0).normal(size=(T, B, I))
NAMES = {"weight_ih": "enc_w_ih", "weight_hh": "enc_w_hh", "bias_ih": "enc_b_ih"}


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def weights(gates: int, rows_first: bool = True, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    found = {
        "enc_w_ih": rng.normal(size=(gates * H, I)),
        "enc_w_hh": rng.normal(size=(gates * H, H)),
        "enc_b_ih": rng.normal(size=gates * H),
    }
    if not rows_first:
        found = {name: array.T for name, array in found.items()}
    return {**found, "dec_w_ih": rng.normal(size=(2, 2))}


def lstm(given: Any, order: str, added: float) -> Any:
    h = c = np.zeros((B, H))
    for x in X:
        a = x @ given["enc_w_ih"].T + h @ given["enc_w_hh"].T + given["enc_b_ih"]
        gate = dict(zip(order, np.split(a, 4, axis=1), strict=True))
        c = sigmoid(gate["f"] + added) * c + sigmoid(gate["i"]) * np.tanh(gate["g"])
        h = sigmoid(gate["o"]) * np.tanh(c)
    return h


@pytest.mark.parametrize("order", ["ifog", "ifgo", "gifo", "ogfi"])
@pytest.mark.parametrize("added", [0.0, 1.0])
def test_an_lstm_with_its_rows_in_any_order(order: str, added: float) -> None:
    given = weights(4)
    cell = from_arrays(given, NAMES, Convention({"LSTM": order}, forget_bias=added))
    found = tr.unroll(cell, X).final.h.data
    np.testing.assert_allclose(found, lstm(given, order, added), rtol=0, atol=1e-14)


def test_what_is_added_to_the_forget_gate_without_a_bias() -> None:
    given = weights(4)
    names = {piece: name for piece, name in NAMES.items() if piece != "bias_ih"}
    cell = from_arrays(given, names, Convention({"LSTM": "ifog"}, forget_bias=1.0))
    expected = lstm(given | {"enc_b_ih": np.zeros(4 * H)}, "ifog", 1.0)
    np.testing.assert_allclose(tr.unroll(cell, X).final.h.data, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_gru_of_either_meaning(kept: bool, transposed: bool) -> None:
    given = weights(3)
    convention = Convention({"GRU": "nzr"}, z_is_kept=kept)
    stored = weights(3, rows_first=not transposed)
    cell = from_arrays(stored, NAMES, convention, transposed=transposed, reset="before")
    h = np.zeros((B, H))
    w, u, b = (given[name] for name in NAMES.values())
    for x in X:
        n, z, r = np.split(x @ w.T + b, 3, axis=1)
        z = sigmoid(z + h @ u[H : 2 * H].T)
        r = sigmoid(r + h @ u[2 * H :].T)
        n = np.tanh(n + (r * h) @ u[:H].T)
        h = z * h + (1 - z) * n if kept else (1 - z) * h + z * n
    np.testing.assert_allclose(tr.unroll(cell, X).final.data, h, rtol=0, atol=1e-14)


def test_what_cannot_be_is_refused_by_name() -> None:
    for convention in (Convention({"LSTM": "ifo"}), Convention({"GRU": "rzn"})):
        with pytest.raises(tr.StateDictError, match="for LSTM: its rows are 'ifgo'"):
            from_arrays(weights(4), NAMES, convention)
    with pytest.raises(ValueError, match="'before' or 'after' says which"):
        from_arrays(weights(3), NAMES)
    with pytest.raises(ValueError, match="reset is a GRU's"):
        from_arrays(weights(4), NAMES, reset="after")
    with pytest.raises(tr.StateDictError, match="missing: nowhere; there is enc_w_ih"):
        from_arrays(weights(4), NAMES | {"bias_hh": "nowhere"})
    with pytest.raises(ValueError, match="not gate"):
        from_arrays(weights(4), NAMES | {"gate": "enc_w_ih"})
    with pytest.raises(ValueError, match="not fewer"):
        from_arrays(weights(4), {"weight_ih": "enc_w_ih"})
    with pytest.raises(ValueError, match="one alone is bias_ih"):
        from_arrays(weights(4), {**dict(list(NAMES.items())[:2]), "bias_hh": "enc_b_ih"})
