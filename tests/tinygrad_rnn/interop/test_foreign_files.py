"""Files that do not say what network they hold: what is taken for what, and who can change it."""

import warnings

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.tinygrad_rnn.modules import outputs, shaken
from tinygrad_rnn.interop.files import list_layers, load_layers
from tinygrad_rnn.interop.parametrized import composed


def same(path, saved, **options):
    x = np.random.default_rng(1).normal(size=(6, 2, 3))
    np.testing.assert_array_equal(outputs(load_layers(path, **options), x), outputs(saved, x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: tr.LSTMCell(3, 4, peepholes=True),
        lambda: tr.LSTMCell(3, 4, coupled=True, learn_state=True),
        lambda: tr.LSTMCell(3, 4),
        lambda: tr.GRUCell(3, 4, reset="after"),
        lambda: tr.LSTMCell(3, 4, proj_size=2),
        lambda: tr.LSTM(3, 4, proj_size=2, coupled=True, num_layers=2),
    ],
)
def test_the_arrays_of_one_cell_are_not_taken_for_pytorchs(make, tmp_path):
    """Which has no `bias`, and turns a GRU's update gate round."""
    saved = shaken(make())
    tr.save(tmp_path / "w.safetensors", saved.state_dict())
    with warnings.catch_warnings(action="error"):
        same(tmp_path / "w.safetensors", saved)


@pytest.mark.parametrize("kind", [tr.RNN, tr.RNNCell])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_the_nonlinearity_is_given_where_no_array_tells_it(kind, nonlinearity, tmp_path):
    saved = shaken(kind(3, 4, nonlinearity=nonlinearity))
    path = tmp_path / "w.safetensors"
    tr.save(path, saved.state_dict())
    with pytest.warns(UserWarning, match=r"an RNN with tanh \(nonlinearity changes that\)"):
        load_layers(path)
    with warnings.catch_warnings(action="error"):
        same(path, saved, nonlinearity=nonlinearity)


@pytest.mark.parametrize("reset", ["before", "after"])
@pytest.mark.filterwarnings("ignore:.*does not say all")
def test_the_reset_is_given_where_no_array_tells_it(reset, tmp_path):
    saved = shaken(tr.GRU(3, 4, reset=reset, bias=False))
    tr.save(tmp_path / "w.safetensors", saved.state_dict())
    same(tmp_path / "w.safetensors", saved, reset=reset)


def test_options_that_cannot_apply_are_errors(tmp_path):
    path = tmp_path / "w.safetensors"
    for module, options in (
        (tr.RNN(3, 4), {"reset": "after"}),
        (tr.GRU(3, 4, reset="after"), {"reset": "after"}),
        (tr.GRU(3, 4), {"nonlinearity": "relu"}),
        (tr.LSTM(3, 4, peepholes=True), {"nonlinearity": "tanh"}),
    ):
        tr.save(path, module.state_dict())
        with pytest.raises(ValueError, match=f"{next(iter(options))}=.* leaves open"):
            load_layers(path, **options)
    tr.save(path, tr.RNN(3, 4, nonlinearity="relu"))
    with pytest.raises(ValueError, match="the file says what its network is"):
        load_layers(path, nonlinearity="relu")
    tr.save(path, tr.interop.to_torch(tr.GRU(3, 4, reset="after")))
    with pytest.raises(ValueError, match="PyTorch resets after the product: leave out reset"):
        load_layers(path, reset="after")
    tr.save(path, tr.RNN(3, 4).state_dict())
    with pytest.raises(tr.StateDictError, match="softsign"):
        load_layers(path, nonlinearity="softsign")


def test_pytorchs_simple_network_is_taken_for_tanh_and_says_so(tmp_path):
    saved = shaken(tr.RNN(3, 4, nonlinearity="relu"))
    path = tmp_path / "w.safetensors"
    tr.save(path, tr.interop.to_torch(saved))
    with pytest.warns(UserWarning, match="an RNN with tanh"):
        load_layers(path)
    with warnings.catch_warnings(action="error"):
        same(path, saved, nonlinearity="relu")


torch = pytest.importorskip("torch", reason="writes PyTorch's files, which is not installed")
nn, utils = torch.nn, torch.nn.utils
oracle = pytest.mark.oracle


@oracle
@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
def test_a_list_of_pytorchs_cells_is_not_this_projects_layers(kind, tmp_path):
    """Both are called layers.0.weight_hh; PyTorch's have two biases, and no order of their own."""
    model = nn.Module()
    model.layers = nn.ModuleList([getattr(nn, kind)(3, 4), getattr(nn, kind)(4, 4)])
    torch.save(model.state_dict(), tmp_path / "m.pt")
    assert list(list_layers(tmp_path / "m.pt")) == ["layers.0", "layers.1"]
    x = torch.randn(1, 2, 3)
    expected = model.layers[0](x[0])
    expected = expected[0] if kind == "LSTMCell" else expected
    options = {"nonlinearity": "tanh"} if kind == "RNNCell" else {}
    found = outputs(load_layers(tmp_path / "m.pt", "layers.0", **options), x.numpy())
    np.testing.assert_allclose(found[0], expected.detach(), rtol=1e-5, atol=1e-6)


@oracle
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("way", [utils.weight_norm, utils.parametrizations.weight_norm])
def test_weight_normalisation_is_put_together(way, dim, tmp_path):
    torch.manual_seed(0)
    module = nn.LSTM(3, 4, num_layers=2)
    if dim is None and way is utils.parametrizations.weight_norm:
        pytest.skip("its norm over everything has no shape that tells it from other ways")
    for name in ("weight_hh_l0", "weight_ih_l1"):
        way(module, name, dim)
        parts = [p for n, p in module.named_parameters() if name in n and n.endswith(("g", "0"))]
        with torch.no_grad():
            parts[0].mul_(1.5)  # no longer the norm of the direction
    torch.save(module.state_dict(), tmp_path / "m.pt")
    x = torch.randn(5, 2, 3)
    found = outputs(load_layers(tmp_path / "m.pt"), x.numpy())
    np.testing.assert_allclose(found, module(x)[0].detach(), rtol=1e-5, atol=1e-6)


@oracle
@pytest.mark.parametrize("way", ["spectral_norm", "orthogonal"])
def test_what_else_is_parametrized_is_refused_by_name(way, tmp_path):
    module = getattr(utils.parametrizations, way)(nn.GRU(3, 4), "weight_hh_l0")
    torch.save(module.state_dict(), tmp_path / "m.pt")
    with pytest.raises(tr.StateDictError, match=r"remove_parametrizations.*'weight_hh_l0'"):
        load_layers(tmp_path / "m.pt")


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(tr.StateDictError, match="fits no weight"):
        composed({"weight_hh_g": np.ones((3, 1)), "weight_hh_v": np.ones((4, 2))})
