"""A recorder keeps the numbers of each flow, in flat memory, and writes them in every form."""

import csv
import gc
import io
import json
import re
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tr
import viz

T, B = 6, 2


def trained(recorder, iterations, steps=lambda k: T):
    """Call a recorder in a training loop; return a sweep of its own for each iteration."""
    rng = np.random.default_rng(0)
    network = tr.LSTM(3, 4, 2, rng=0)
    optimiser, expected = tr.SGD(network.parameters(), lr=0.5), {}
    for k in range(iterations):
        run = network(rng.standard_normal((steps(k), B, 3)))
        loss = np.square(run.outputs[-1] - 0.5).mean()
        expected[k] = loss, tr.trace(loss), run
        recorder(loss, run)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return expected


def test_each_record_holds_the_numbers_of_its_flow():
    recorder = viz.Recorder(every=3, sequences=True)
    expected = trained(recorder, 8)
    assert [record.iteration for record in recorder.records] == [0, 3, 6]
    for record in recorder.records:
        loss, flow, run = expected[record.iteration]
        assert record.loss == loss.item()
        assert record.said == tr.diagnose(loss, flow, run).headline
        for layer in (0, 1):
            for part, norms in flow.through_time(run.runs[layer][0]).items():
                key = f"layer {layer}", part
                np.testing.assert_allclose(record.norms[key], norms, rtol=1e-12)
                together = np.linalg.norm(record.sequences[key], axis=1)
                np.testing.assert_allclose(together, norms, rtol=1e-12)
                assert record.sequences[key].shape == (T, B)
    h = recorder.norms("h", "layer 0")
    np.testing.assert_array_equal(h[1], recorder.records[1].norms["layer 0", "h"])
    np.testing.assert_array_equal(recorder.norms()[1], recorder.records[1].norms["layer 1", "h"])


def test_only_every_so_manieth_call_sweeps(monkeypatch):
    swept = []
    trace = tr.trace
    monkeypatch.setattr(tr, "trace", lambda loss: swept.append(loss) or trace(loss))
    recorder = viz.Recorder(every=4)
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), np.ones((T, B, 3)))
    due = []
    for _ in range(9):
        due.append(recorder.due)
        assert (recorder(run.final.sum(), run) is not None) == due[-1]
    assert due == [True, *[False] * 3, True, *[False] * 3, True]
    assert len(swept) == 3


def test_memory_is_flat():
    """No graph outlives its iteration, and of many records every second one is let go."""
    recorder = viz.Recorder(every=1, at_most=8)
    cell = tr.GRUCell(3, 4, rng=0)
    for _ in range(100):
        run = tr.unroll(cell, np.ones((T, B, 3)))
        loss = run.final.sum()
        recorder(loss, run)
        assert len(recorder.records) <= 8
    assert [record.iteration for record in recorder.records] == list(range(0, 100, 16))
    gone = weakref.ref(loss)
    del run, loss
    gc.collect()
    assert gone() is None


def test_sequences_of_other_lengths_leave_gaps():
    recorder = viz.Recorder(every=1)
    trained(recorder, 3, steps=lambda k: 4 + k)
    norms = recorder.norms()
    assert norms.shape == (3, 6)
    assert np.isnan(norms).sum(axis=1).tolist() == [2, 1, 0]
    axes = recorder.chart()
    assert np.ma.count(axes.images[0].get_array()) == 15
    assert axes.get_legend() is None  # a step that is not there is not red


def test_a_run_that_goes_backwards_is_kept_in_the_order_of_time():
    recorder = viz.Recorder(every=1)
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), np.ones((T, B, 3)), reverse=True)
    loss = np.square(run.final).sum()
    recorder(loss, run)
    np.testing.assert_allclose(recorder.norms()[0], tr.trace(loss).through_time(run)["h"])


def test_every_form_is_written(tmp_path):
    recorder = viz.Recorder(every=2, sequences=True)
    trained(recorder, 5)
    for form in ("svg", "png", "pdf", "csv", "html"):
        path = recorder.save(tmp_path / f"training.{form}", state="c", layer="layer 0")
        assert path.stat().st_size > 500
    rows = list(csv.DictReader(io.StringIO((tmp_path / "training.csv").read_text())))
    assert len(rows) == 3 * 4 * T * (1 + B)
    at = {"iteration": "2", "layer": "layer 1", "state": "c", "t": "3", "sequence": ""}
    (row,) = [row for row in rows if at.items() <= row.items()]
    assert float(row["norm"]) == recorder.records[1].norms["layer 1", "c"][3]
    page = (tmp_path / "training.html").read_text()
    data = json.loads(re.search(r'json" id="data">(.*?)</script>', page)[1])
    assert data["states"] == ["layer 0 h", "layer 0 c", "layer 1 h", "layer 1 c"]
    assert [one["iteration"] for one in data["records"]] == [0, 2, 4]
    assert data["records"][1]["said"] == recorder.records[1].said
    shown = data["records"][2]["norms"][3]
    np.testing.assert_allclose(shown, recorder.records[2].norms["layer 1", "c"], rtol=1e-3)


def test_what_is_not_finite_is_a_word_on_the_page(tmp_path):
    recorder = viz.Recorder(every=1)
    run = tr.unroll(tr.GRUCell(3, 4, rng=0), np.ones((T, B, 3)))
    with np.errstate(all="ignore"):
        recorder((run.final * np.nan).sum(), run)
    assert '"NaN"' in recorder.save(tmp_path / "bad.html").read_text()


def test_a_loop_of_ones_own_needs_no_run():
    recorder = viz.Recorder(every=1)
    cell = tr.GRUCell(3, 4, rng=0)
    h = cell.initial_state(B)
    for t in range(T):
        with tr.scope("t", t):
            h = cell(np.ones((B, 3)), h)
    assert recorder(h.sum()).norms["", "h"].shape == (T,)


def test_what_cannot_be_recorded_is_refused_by_name(tmp_path):
    with pytest.raises(viz.VizError, match="every = 0 is no whole number of at least 1"):
        viz.Recorder(every=0)
    with pytest.raises(viz.VizError, match="at_most = 1 is no whole number"):
        viz.Recorder(at_most=1)
    recorder = viz.Recorder(every=1)
    with pytest.raises(viz.VizError, match="nothing was recorded yet"):
        recorder.save(tmp_path / "training.svg")
    with pytest.raises(viz.VizError, match="has no time steps"):
        recorder(np.sum(tr.Tensor([1.0], requires_grad=True)))
    x = np.ones((T, B, 3))
    recorder(tr.unroll(tr.GRUCell(3, 4, rng=0), x).final.sum())
    with pytest.raises(viz.VizError, match=r"another model than before: states h \(5\)"):
        recorder(tr.unroll(tr.GRUCell(3, 5, rng=0), x).final.sum())
    with pytest.raises(viz.VizError, match="another model"):
        recorder(tr.unroll(tr.LSTMCell(3, 4, rng=0), x).final.h.sum())
    with pytest.raises(viz.VizError, match="no state 'c'"):
        recorder.norms("c")
    with pytest.raises(viz.VizError, match=r"choose \.svg, \.png"):
        recorder.save(tmp_path / "training.gif")


@pytest.mark.oracle
def test_a_watched_model_is_recorded_alike():
    torch = pytest.importorskip("torch", reason="it watches a model of PyTorch's")
    from tinygrad_rnn.interop.torch import watch

    torch.manual_seed(0)
    module = torch.nn.LSTM(3, 4).double()
    x = torch.randn(T, B, 3, dtype=torch.float64)
    recorder, own = viz.Recorder(every=1), viz.Recorder(every=1)
    with watch(module):
        y, _ = module(x)
        recorder((y[-1] ** 2).sum())
    run = tr.from_torch(module)(x.numpy())
    own(np.square(run.outputs[-1]).sum(), run)
    for part in ("h", "c"):
        np.testing.assert_allclose(recorder.norms(part), own.norms(part), rtol=1e-9)
    assert recorder.records[0].said == own.records[0].said
