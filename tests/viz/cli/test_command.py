"""The command line: what it reads, draws and refuses, and that nothing is half-written."""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import tinygrad_rnn as tr
import viz
from tinygrad_rnn.interop.files import load_layers
from viz import __main__ as command
from viz.cli.command import UsageError, output_folder, run_command
from viz.cli.inputs import default_text, encode, series

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(here, monkeypatch):
    """Call the command line in this process; return its exit status."""

    def call(line=""):
        monkeypatch.setattr(sys, "argv", ["viz", *line.split()])
        with pytest.raises(SystemExit) as end:
            run_command(command.PROG, command.main)
        return end.value.code

    return call


@pytest.fixture
def drawn(monkeypatch):
    """The loss, the flow and the options of every picture drawn."""
    calls = []
    draw = viz.draw
    monkeypatch.setattr(
        command.viz,
        "draw",
        lambda *args, **named: calls.append((*args, named)) or draw(*args, **named),
    )
    return calls


def written(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_the_default_is_an_lstm_on_prose(call, here, capsys):
    assert call() == 0
    said = capsys.readouterr()
    assert written(here) == ["out/lstm.svg"]
    assert said.out.endswith("out/lstm.svg\n")
    told = (
        r"lstm  \d\S* % of the gradient at t = 39 reaches t = 0 along c: times 0\.[789]\d a step\."
    )
    assert re.match(told, said.out)
    assert "lstm: unrolling 40 steps" in said.err


def test_several_cells_share_a_scale_and_formats_are_written_for_each(call, here, drawn):
    assert call("--cell rnn gru rnn --steps 5 --hidden 3 --format dot json --chart --out o") == 0
    names = ["chart.svg", *(f"{n}.{f}" for n in ("compare", "gru", "rnn") for f in ("dot", "json"))]
    assert written(here) == [f"o/{name}" for name in names]
    assert [named["scale"] for *_, named in drawn] == [drawn[0][2]["scale"]] * 2
    compared = json.loads((here / "o" / "compare.json").read_text())
    assert [caption["text"] for caption in compared["captions"]] == ["RNN", "GRU"]


@pytest.mark.parametrize("detail", ["op", "gate", "cell", "step"])
def test_every_level_of_detail(call, here, drawn, detail):
    assert call(f"--steps 3 --hidden 3 --detail {detail} --norm max --format dot") == 0
    assert drawn[0][2]["detail"] == detail
    assert drawn[0][2]["norm"] == "max"


def test_layers_are_stacked(call, drawn, capsys):
    assert call("--cell gru --layers 3 --steps 3 --hidden 2 --format dot") == 0
    scopes = {str(part) for edge in drawn[0][1].edges for part in edge.source.scope}
    assert {"layer = 0", "layer = 1", "layer = 2"} <= scopes
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("gru   ")
    assert [re.search(r"in layer (\d)", line)[1] for line in said[:3]] == ["2", "0", "1"]
    assert all("reaches t = 0" in line for line in said[:3])


def test_biases_and_seed_reach_the_cell(call, drawn):
    assert call("--steps 3 --hidden 2 --forget-bias 7 --format dot") == 0
    (bias,) = {e.source for e in drawn[0][1].edges if (e.source.name or "").endswith("bias")}
    assert bias.data.tolist() == [0, 0, 7, 7, 0, 0, 0, 0]
    assert call("--cell gru --steps 3 --hidden 2 --update-bias -7 --format dot") == 0
    (bias,) = {e.source for e in drawn[1][1].edges if (e.source.name or "").endswith("bias")}
    assert bias.data.tolist() == [0, 0, -7, -7, 0, 0]
    assert call("--steps 3 --hidden 2 --seed 5 --format dot") == 0
    assert drawn[0][0].item() != drawn[2][0].item()


def test_a_loss_at_every_step_is_the_mean(call, drawn):
    assert call("--cell rnn --steps 4 --hidden 3 --loss every --format dot") == 0
    loss, flow, _ = drawn[0]
    classes, alphabet = encode(default_text()[:5])
    layer = tr.RNN(len(alphabet), 3, rng=8)
    hidden = layer(np.eye(len(alphabet))[classes[:4], None]).outputs.data[:, 0]
    readout = next(e.source.data for e in flow.edges if e.source.name == "readout")
    logits = hidden @ readout.T
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert loss.item() == pytest.approx(-logp[range(4), classes[1:5]].mean(), rel=1e-12)


def test_a_series_is_predicted_one_row_ahead(call, here, drawn):
    values = np.random.default_rng(0).normal(size=(6, 2))
    np.savetxt(here / "s.csv", values, delimiter=",", header="a,b", comments="")
    np.save(here / "s.npy", values)
    for name in ("s.csv", "s.npy"):
        assert call(f"--cell rnn --steps 5 --hidden 3 --series {name} --format dot") == 0
    loss, flow, _ = drawn[0]
    hidden = tr.RNN(2, 3, rng=8)(values[:5, None]).final[0].data
    readout = next(e.source.data for e in flow.edges if e.source.name == "readout")
    expected = np.mean((hidden @ readout.T - values[5]) ** 2)
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert drawn[1][0].item() == pytest.approx(expected, rel=1e-12)


def test_standardised_features_have_mean_0_and_deviation_1(call, here, drawn):
    np.save(here / "s.npy", np.stack([np.arange(9.0), np.full(9, 5.0)], axis=1))
    assert call("--steps 8 --hidden 2 --series s.npy --standardise --format dot") == 0
    x = next(node for node in tr.graph.topological(drawn[0][0]) if node.name == "x")
    assert x.data[0] == pytest.approx([-4 / np.sqrt(60 / 9), 0.0])


@pytest.mark.parametrize("suffix", ["safetensors", "npz", "pt"])
@pytest.mark.parametrize("prefix", ["", "encoder"])
def test_trained_weights(call, here, drawn, suffix, prefix):
    rng = np.random.default_rng(0)
    arrays = {
        f"{prefix}.{name}".lstrip("."): rng.normal(size=shape).astype(np.float32)
        for name, shape in {
            "weight_ih_l0": (8, 3),
            "weight_hh_l0": (8, 2),
            "bias_ih_l0": (8,),
            "bias_hh_l0": (8,),
        }.items()
    }
    path = here / f"model.{suffix}"
    if suffix == "pt":
        torch = pytest.importorskip("torch", reason="only PyTorch reads a checkpoint")
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        torch.save({"epoch": 3, "state_dict": tensors}, path)
    else:
        (save_file if suffix == "safetensors" else lambda a, p: np.savez(p, **a))(arrays, path)
    np.save(here / "x.npy", rng.normal(size=(5, 3)))
    line = f"--weights {path.name} --series x.npy --steps 4 --format dot"
    assert call(line + (f" --prefix {prefix}" if prefix else "")) == 0
    assert written(here / "out") == ["lstm.dot"]
    weight = next(
        e.source for e in drawn[0][1].edges if (e.source.name or "").endswith("weight_hh")
    )
    np.testing.assert_array_equal(weight.data, arrays[f"{prefix}.weight_hh_l0".lstrip(".")])


@pytest.mark.parametrize("found", [True, False])
def test_the_first_picture_is_shown(found, call, here, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or found)
    assert call("--cell gru --steps 2 --hidden 2 --format svg dot --open") == 0
    assert shown == [(here / "out" / "gru.svg").as_uri()]
    assert ("no browser was found to open" in capsys.readouterr().err) != found


def test_help_has_examples(call, capsys):
    assert call("--help") == 0
    said = capsys.readouterr().out
    assert "examples:\n  python -m viz --cell lstm" in said
    said = " ".join(said.split())
    assert "(default: lstm)" in said
    assert "(default: 0.0)" in said


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "viz", "--steps", "none"]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_a_run_that_is_ended_leaves_nothing(tmp_path):
    line = f"-m viz --steps 400 --draw all --detail op --hidden 64 --out {tmp_path / 'out'}"
    child = subprocess.Popen(
        [sys.executable, *line.split()],
        cwd=Path(__file__).parents[3],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert b"unrolling" in child.stderr.readline()
    assert next((tmp_path / "out").glob(".unfinished-*")).is_dir()
    child.terminate()
    child.communicate()
    assert child.returncode == 143
    assert list(tmp_path.iterdir()) == []


BAD = {
    "cell": ("--cell elman", "invalid choice: 'elman'"),
    "steps": ("--steps 0", "'0' is not a whole number from 1 to 100000"),
    "layers": ("--layers 1.5", "'1.5' is not a whole number"),
    "bias": ("--forget-bias inf", "'inf' is not a finite number"),
    "detail": ("--detail pixel", "invalid choice: 'pixel'"),
    "format": ("--format jpg", "invalid choice: 'jpg'"),
    "abbreviation": ("--step 3", "unrecognized arguments: --step 3"),
    "both": ("--text-file a --series b", "not allowed with argument"),
    "no file": ("--text-file missing", "cannot read missing: No such file"),
    "no series": ("--series missing.npy", "cannot read missing.npy: No such file"),
    "short": ("--series short.csv", "has 3 time steps: reading 40"),
    "just too short": ("--series short.csv --steps 3", "give more, or --steps 2"),
    "short text": ("--text-file short.txt", "has 5 characters: reading 40"),
    "one letter": ("--text-file letter.txt", "takes 41; give more"),
    "words": ("--series words.csv", "a table of numbers: line 3, column 2: 'x' is no number"),
    "ragged": ("--series ragged.csv", "line 2 has 1 columns, the lines before it have 2"),
    "semicolons": ("--series semi.csv", "semi.csv has 1 time steps: reading 40"),
    "a gap": ("--series gap.csv", "has 1 gap, the first in line 3, 'a': --missing drop leaves"),
    "a gap at first": ("--series gap1.csv", "1 gap, the first in line 1, 'column 2'"),
    "names only": ("--series names.csv", "has shape (0, 2)"),
    "nan": ("--series nan.csv", "nan.csv has 1 gap, the first in line 2"),
    "infinity": ("--series inf.csv", "holds NaN or infinity, first at time step 1"),
    "no such column": ("--series words.csv --columns c", "'c' is not there: there is a, b"),
    "columns of an array": ("--series deep.npy --columns c", "--columns is for tables"),
    "columns of a text": ("--columns a", "--columns is for --series"),
    "gaps of a text": ("--missing drop", "--missing is for --series"),
    "no array": ("--series words.npy", "neither a table (.csv, .tsv, .parquet, .xlsx) nor"),
    "strings": ("--series strings.npy", "does not hold one array of real numbers"),
    "4-d": ("--series deep.npy", "has shape (1, 1, 1, 1)"),
    "weights suffix": ("--weights model.docx", "cannot read weights from model.docx"),
    "no such weights": ("--weights model.h5", "cannot read model.h5: No such file"),
    "no weights": ("--weights model.npz", "cannot read model.npz: No such file"),
    "broken npz": ("--weights broken.npz", "is not a whole .npz file"),
    "broken safetensors": ("--weights broken.safetensors", "is not a whole safetensors file"),
    "foreign": ("--weights foreign.npz", ""),
    "odd": ("--weights odd.npz", "weight_hh (5, 2) are not those of an RNN, LSTM or GRU"),
    "sizes": (
        "--weights small.npz --nonlinearity tanh",
        "takes 3 features at each step, the input has",
    ),
    "no such prefix": (
        "--weights small.npz --prefix a",
        "holds none called 'a': leave the prefix out",
    ),
    "prefix alone": ("--prefix encoder", "--prefix is for --weights"),
    "no such gate": ("--cell rnn gru --forget-bias 4", "--forget-bias is for --cell lstm"),
    "weights and cell": ("--weights small.npz --hidden 3", "leave out --hidden"),
    "standardised text": ("--standardise", "--standardise is for --series"),
    "out": ("--out short.txt", "cannot write into short.txt"),
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_bad_input(line, message, call, here, capsys):
    (here / "short.txt").write_text("short")
    (here / "short.csv").write_text("1,2\n3,4\n5,6\n")
    (here / "words.csv").write_text("a,b\n1,2\n3,x\n")
    (here / "ragged.csv").write_text("1,2\n3\n")
    (here / "letter.txt").write_text("x")
    (here / "semi.csv").write_text("a;b\n1;2\n")
    (here / "gap.csv").write_text("a,b\n1,2\n,3\n")
    (here / "gap1.csv").write_text("1,,3\n4,5,6\n")
    (here / "names.csv").write_text("a,b\n")
    (here / "nan.csv").write_text("1\nnan\n2\n")
    (here / "inf.csv").write_text("1\ninf\n2\n")
    for name in ("words.npy", "broken.npz", "broken.safetensors"):
        (here / name).write_text("these are words")
    np.save(here / "strings.npy", np.array(["a", "b"]))
    np.save(here / "deep.npy", np.zeros((1, 1, 1, 1)))
    np.savez(here / "foreign.npz", kernel=np.zeros((2, 2)))
    np.savez(here / "odd.npz", **{"layers.0.weight_hh": np.zeros((5, 2))})
    small = {"weight_ih_l0": np.zeros((4, 3)), "weight_hh_l0": np.zeros((4, 4))}
    np.savez(here / "small.npz", **small)
    before = sorted(here.rglob("*"))
    assert call(line) == 2
    said = capsys.readouterr().err.splitlines()
    assert message in said[-1]
    assert said[-1].startswith("python -m viz: ")
    assert all(re.match(r"\d\d:\d\d:\d\d  ", progress) for progress in said[:-1])
    assert sorted(here.rglob("*")) == before


def test_running_out_of_memory_is_one_line(here, capsys):
    def greedy():
        raise MemoryError

    with pytest.raises(SystemExit) as end:
        run_command("greedy", greedy)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("greedy: not enough memory")


def test_a_warning_is_one_line(here, capsys):
    def careless():
        warnings.simplefilter("always")
        warnings.warn("drawn\n  coarser", viz.VizWarning, stacklevel=1)

    with pytest.raises(SystemExit) as end:
        run_command("careless", careless)
    assert end.value.code == 0
    assert capsys.readouterr().err == "careless: note: drawn coarser\n"


def test_a_defect_is_not_hidden(here):
    def defective():
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        run_command("defective", defective)


def test_output_is_whole_or_absent(here):
    with pytest.raises(KeyError), output_folder(here / "a" / "b") as folder:  # noqa: PT012  # the block is what is tested
        (folder / "half").write_text("written")
        raise KeyError
    assert list(here.iterdir()) == []
    with output_folder(here / "a" / "b") as folder:
        (folder / "whole").write_text("written")
    assert written(here) == ["a/b/whole"]


def test_numbers_in_quotes_are_numbers(here):
    (here / "x.csv").write_text('"1","2"\n"3", 4\n\n5,6\n')
    values = series(here / "x.csv").values
    np.testing.assert_array_equal(values[:, 0], [[1, 2], [3, 4], [5, 6]])


def test_shapes_of_a_series(here):
    for shape, expected in {(5,): (5, 1, 1), (5, 2): (5, 1, 2), (5, 3, 2): (5, 3, 2)}.items():
        np.save(here / "x.npy", np.zeros(shape, np.int16))
        assert series(here / "x.npy").values.shape == expected
    with pytest.raises(UsageError, match="Is a directory"):
        series(here)


@pytest.mark.parametrize(
    "layers",
    [
        tr.RNN(3, 2, num_layers=2, rng=0),
        tr.LSTM(3, 2, bidirectional=True, peepholes=True, rng=0),
        tr.GRU(3, 2, reset="after", learn_state=True, rng=0),
        tr.GRU(3, 2, bias=False, dtype=np.float32, rng=0),
    ],
    ids=["rnn", "lstm", "gru", "no bias"],
)
def test_weights_saved_by_this_project(layers, call, here, drawn):
    model = tr.nn.Module()
    model.encoder = layers
    tr.save(here / "w.safetensors", model)
    np.save(here / "x.npy", np.ones((5, 3)))
    line = "--weights w.safetensors --prefix encoder --series x.npy --steps 4 --format dot"
    assert call(line) == 0
    assert drawn[0][0].dtype == layers.layers[0].weight_hh.dtype
    loaded = load_layers(here / "w.safetensors", "encoder")
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    np.testing.assert_array_equal(loaded(x).outputs.data, layers(x).outputs.data)


@pytest.mark.oracle
@pytest.mark.parametrize(
    "make", ["GRU(3, 2, num_layers=2, bidirectional=True)", "LSTMCell(3, 2)", "RNN(3, 2)"]
)
def test_a_checkpoint_of_any_kind(make, call, here, drawn):
    torch = pytest.importorskip("torch", reason="only PyTorch writes a checkpoint")
    torch.manual_seed(0)
    module = eval(f"torch.nn.{make}")
    torch.save(module.state_dict(), here / "model.pth")
    values = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    np.save(here / "x.npy", values)
    line = "--weights model.pth --series x.npy --steps 5 --loss every --format dot"
    line += " --nonlinearity tanh" if make.startswith("RNN") else ""
    assert call(line) == 0
    loss, flow, _ = drawn[0]
    readout = torch.tensor(next(e.source.data for e in flow.edges if e.source.name == "readout"))
    x = torch.from_numpy(values)
    if make.startswith("LSTMCell"):
        outputs, state = [], None
        for row in x[:5]:
            state = module(row[None], state)
            outputs.append(state[0])
        hidden = torch.cat(outputs)
    else:
        hidden = module(x[:5])[0]
    expected = torch.mean((hidden @ readout.T - x[1:6]) ** 2).item()
    assert loss.dtype == np.float32
    assert loss.item() == pytest.approx(expected, rel=1e-5)


class Evil:
    """Unpickling it leaves a file."""

    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_an_array_that_would_run_code_is_refused(call, here, capsys):
    np.save(here / "evil.npy", np.array([Evil()]), allow_pickle=True)
    assert call("--series evil.npy") == 2
    assert "neither a table (" in capsys.readouterr().err
    assert not (here / "ran").exists()


def test_a_checkpoint_that_would_run_code_is_refused(call, here, capsys):
    torch = pytest.importorskip("torch", reason="only PyTorch reads a checkpoint")
    torch.save({"weight_ih_l0": Evil()}, here / "evil.pt")
    assert call("--weights evil.pt") == 2
    assert "holds no recurrent layer" in capsys.readouterr().err
    assert not (here / "ran").exists()


def test_a_checkpoint_of_parameters_and_of_what_is_no_array(here):
    """Of parameters that require a gradient, that is; a sparse tensor matters where it is read."""
    torch = pytest.importorskip("torch", reason="only PyTorch writes a checkpoint")
    module = torch.nn.GRU(3, 2)
    arrays = {f"rnn.{name}": array for name, array in module.named_parameters()}
    arrays |= {"table": torch.eye(3).to_sparse(), 7: torch.ones(2)}
    torch.save(arrays, here / "model.pt")
    weight = load_layers(here / "model.pt", "rnn").layers[0].weight_ih
    np.testing.assert_array_equal(weight.data[-2:], module.weight_ih_l0[-2:].detach())
    torch.save(arrays | {"rnn.weight_ih_l0": torch.eye(6, 3).to_sparse()}, here / "model.pt")
    with pytest.raises(tr.StateDictError, match="no weight_ih_l0"):
        load_layers(here / "model.pt", "rnn")
    ours = tr.LSTM(3, 2, rng=0)
    own = {name: torch.tensor(array) for name, array in ours.state_dict().items()}
    torch.save(own, here / "model.pt")
    found = load_layers(here / "model.pt").state_dict()
    assert all(np.array_equal(found[name], array) for name, array in ours.state_dict().items())


def test_what_a_weights_file_holds_is_listed(call, here, capsys):
    tr.save(here / "gru.safetensors", tr.GRU(3, 2, rng=0))
    assert call("--weights gru.safetensors --list") == 0
    assert capsys.readouterr().out == "GRU, 1 layer, 3 inputs, 2 units, float64\n"
    assert not (here / "out").exists()
    assert call("--list") == 2
    assert "--list is for --weights" in capsys.readouterr().err


def test_a_checkpoint_in_half_precision(here):
    torch = pytest.importorskip("torch", reason="only PyTorch writes a checkpoint")
    module = torch.nn.GRU(3, 2).to(torch.bfloat16)
    torch.save(module.state_dict(), here / "model.pt")
    weight = load_layers(here / "model.pt").layers[0].weight_ih
    assert weight.dtype == np.float64
    np.testing.assert_array_equal(weight.data[-2:], module.weight_ih_l0[-2:].detach().double())


@pytest.mark.parametrize(("there", "form"), [(True, "svg"), (False, "html")])
def test_without_graphviz_a_page_is_written(call, here, drawn, monkeypatch, there, form):
    monkeypatch.setattr("viz.dot.graphviz.is_there", lambda form="svg": there)
    assert call("--steps 3 --hidden 2") == 0
    assert (here / "out" / f"lstm.{form}").exists()


def test_a_loss_at_every_step_is_also_itemised(call, here):
    assert call("--cell gru --steps 5 --hidden 3 --loss every --format dot --out o") == 0
    assert written(here) == ["o/gru-losses.svg", "o/gru.dot"]


def test_charts_are_chosen_by_name(call, here):
    assert call("--steps 4 --hidden 3 --chart gates units --format dot --out o") == 0
    assert written(here) == ["o/lstm-gates.svg", "o/lstm-units.svg", "o/lstm.dot"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--chart losses", "--chart losses is for --loss every"),
        ("--chart gates --cell rnn", "--chart gates is for --cell lstm or gru"),
        ("--chart all", "invalid choice: 'all'"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused(call, capsys, line, message):
    assert call(line) == 2
    assert message in capsys.readouterr().err


TINY = "--cell rnn --steps 3 --hidden 2 --format json"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "--text-file=--"])
def test_no_trouble_with_files_is_more_than_a_line(redirection, here):
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m viz {TINY} {redirection}"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    said = [text for text in done.stderr.splitlines() if not re.match(r"\d\d:\d\d:\d\d ", text)]
    assert done.returncode == 2
    assert len(said) == 1
    assert said[0].startswith("python -m viz: ")


@pytest.mark.parametrize("option", ["--text-file", "--series", "--weights", "--cell", "--detail"])
def test_two_dashes_are_a_value_like_any_other(option, call, capsys):
    assert call(f"{option}=--") == 2
    assert "--" in capsys.readouterr().err
    assert call(f"{TINY} --out=--") == 0
    assert Path("--", "rnn.json").is_file()


def test_no_name_of_a_file_controls_the_terminal(call, capsys):
    assert call(f"{TINY} --text-file=a\x1b[2Jb\x9b31m") == 2
    assert call(f"{TINY} --out=a\x1b[2Jb\udc9b") == 0
    assert call("--\x1b[2J") == 2
    captured = capsys.readouterr()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", captured.err + captured.out)
