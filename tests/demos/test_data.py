"""Real data: the files, what is claimed against each baseline, and how bad input is refused."""

import re

import numpy as np
import pytest

import demos.common
import tinygrad_rnn as tr
from demos import (
    data,
    data_dna,
    data_heart,
    data_protein,
    data_speakers,
    data_stocks,
    data_video,
    data_weather,
)
from demos._learning import markov
from demos.data import CODE, HERE, genes, genome, table, translated, utterances

WHAT = {
    "data_dna": ("--iterations 2 --hidden 3 --seeds 1", ["chart.svg"]),
    "data_heart": ("--iterations 2 --seeds 1", ["chart.svg"]),
    "data_protein": ("--iterations 2 --seeds 1", ["chart.svg"]),
    "data_speakers": ("--iterations 2 --seeds 1", ["chart.svg"]),
    "data_stocks": ("--iterations 2 --seeds 1", ["chart.svg"]),
    "data_text": ("--iterations 2 --hidden 4 --sample 9", ["text.safetensors"]),
    "data_video": ("--iterations 2 --seeds 1", ["frames.png"]),
    "data_weather": ("--iterations 2 --seeds 1", ["chart.svg"]),
}


@pytest.mark.parametrize("name", WHAT)
def test_it_runs_small(name, demo, tmp_path):
    options, files = WHAT[name]
    status, said, error = demo(name, *options.split(), "--out", tmp_path / "new")
    assert (status, error) == (0, "")
    assert [file.name for file in (tmp_path / "new").iterdir()] == files
    assert "\nChange " in said
    ours = said.split("in its own words:")[0]
    assert all(len(line) <= 100 for line in ours.splitlines() if str(tmp_path) not in line)


def answers(said, width=15):
    """Return each row of the table: its name, and the rest in words."""
    return {line[:width].strip(): line[width:].split() for line in said.splitlines()}


def test_speakers_are_told_apart_in_whatever_order_their_frames_come(demo, tmp_path):
    _, said, _ = demo("data_speakers", "--iterations", 100, "--seeds", 1, "--out", tmp_path)
    right = {n: float(x) for n, x in re.findall(r"(?m)^(\w[\w, ]*?) +(0\.\d+)$", said)}
    assert right["most frequent"] == pytest.approx(88 / 370, abs=6e-4)
    assert min(right["GRU"], right["GRU, shuffled"], right["linear, mean frame"]) > 0.93


def test_weather_is_better_than_the_last_value(demo, tmp_path):
    _, said, _ = demo("data_weather", "--seeds", 1, "--out", tmp_path)
    rows = {n: float(x) for n, x in re.findall(r"(?m)^(\w[\w ]*?) +(\d\.\d+)$", said)}
    for kind in ("GRU", "LSTM"):
        assert rows[kind] < rows["last value"] < rows["seasonal mean"]
    names, values = table(HERE / "seattle-weather.csv.gz")
    asked = values[:, names.index("temp_max")]
    test = np.abs(np.diff(asked))[len(asked) * 3 // 4 - 1 :].mean()
    assert rows["last value"] == pytest.approx(test, abs=6e-4)


def test_stocks_say_plainly_that_they_are_not(demo, tmp_path):
    _, said, _ = demo("data_stocks", "--seeds", 1, "--out", tmp_path)
    rows = answers(said, 11)
    for kind in ("RNN", "GRU", "LSTM"):
        assert float(rows[kind][0]) < float(rows["last value"][0])  # where it has learnt by heart
        assert float(rows[kind][1]) > 0.99 * float(rows["last value"][1])


def test_the_curve_of_forecast_prices_is_yesterdays_price_moved_by_the_return(
    demo, tmp_path, monkeypatch
):
    """With a network that always forecasts a rise of 10 %, the curve is 1.1 times yesterday's."""
    drawn, lines = [], demos.common.lines

    def noting(series, *others, **options):
        drawn.append(series)
        return lines(series, *others, **options)

    monkeypatch.setattr(demos.common, "lines", noting)
    rise = 100 * np.log(1.1)
    monkeypatch.setattr(data_stocks, "forecast", lambda kind, x, y, *rest: np.full_like(y, rise))
    prices = 50 + 10 * np.sin(np.arange(100))
    rows = "\n".join(f"{price:.9f}" for price in prices)
    (tmp_path / "own.csv").write_text(f"price\n{rows}\n")
    options = ("--file", tmp_path / "own.csv", "--column", "price", "--window", 5)
    status, _, _ = demo("data_stocks", *options, "--out", tmp_path)
    assert status == 0
    yesterday = prices[-1 - len(drawn[0]["price"]) : -1]
    np.testing.assert_allclose(drawn[0]["price"], prices[-len(yesterday) :], rtol=1e-8)
    np.testing.assert_allclose(drawn[0]["last value"], yesterday, rtol=1e-8)
    np.testing.assert_allclose(drawn[0]["LSTM"], 1.1 * yesterday, rtol=1e-8)


def test_dna_is_below_the_markov_model_of_order_2():
    train, test = data_dna.split(genome(HERE / "lambda-phage.fa.gz"))
    _, bits = data_dna.train_network("RNN", train, test, 150, 32, seed=0)
    assert bits[-1] < markov(train, test, 4, 2, data_dna.FIRST, 1.0) < 2


def test_the_markov_model_counts_what_followed():
    train = np.array([[0, 1, 0, 1, 1, 0]]).T
    test = np.array([[0, 1, 1]]).T
    # After 0: 1 twice, never 0. After 1: 0 twice, 1 once. Each count starts at 1.
    expected = -(np.log2(3 / 4) + np.log2(2 / 5)) / 2
    assert markov(train, test, 2, 1, 1, 1.0) == pytest.approx(expected, rel=1e-12)


def test_the_markov_model_takes_an_alphabet_of_thousands():
    train, test = np.random.default_rng(0).integers(5000, size=(2, 40, 3))
    assert markov(train, test, 5000, 2, 4, 0.05) == pytest.approx(np.log2(5000), rel=1e-3)


def test_the_films_are_squares_that_bounce():
    film = data_video.films(np.random.default_rng(0), 30)
    film = film.reshape(data_video.FRAMES, 30, data_video.EDGE, data_video.EDGE)
    assert (film.sum(axis=(2, 3)) == data_video.SQUARE**2).all()
    rows = film.max(axis=3).argmax(axis=2)
    columns = film.max(axis=2).argmax(axis=2)
    for place in (rows, columns):
        steps = np.abs(np.diff(place, axis=0))
        assert steps.max() <= 2
        assert place.min() == 0
        assert place.max() == data_video.EDGE - data_video.SQUARE


def test_the_files_are_what_the_sources_say():
    assert len(genome(HERE / "lambda-phage.fa.gz")) == 48_502
    x, lengths, speakers, training = utterances(HERE / "japanese-vowels.npz")
    assert x.shape == (29, 640, 12)
    assert (lengths.min(), lengths.max(), training) == (7, 29, 270)
    assert np.bincount(speakers[:270]).tolist() == [30] * 9
    assert np.bincount(speakers[270:]).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert x[0, 0, 0] == np.float32(1.861)  # 1.860936 in the original
    names, values = table(HERE / "seattle-weather.csv.gz")
    assert (names, len(values)) == (["precipitation", "temp_max", "temp_min", "wind"], 1461)
    names, values = table(HERE / "heart.csv.gz")
    assert (names, len(values)) == (["millivolt"], 13_500)
    assert values.mean() == pytest.approx(-0.16510875, abs=1e-4)  # of all 108,000 numbers
    names, values = table(HERE / "stocks.csv.gz")
    assert names == ["AAPL", "IBM", "MSFT"]
    assert sum(file.stat().st_size for file in HERE.glob("*z")) < 300_000
    sources = (HERE / "SOURCES.md").read_text()
    assert all(f"`{file.name}`" in sources for file in HERE.glob("*z"))


TEXT = "the quick brown fox jumps over the lazy dog. " * 60
SMALL = ("--hidden", 5, "--batch", 4, "--steps", 10, "--sample", 20)


def test_it_goes_on_as_if_it_had_never_stopped(demo, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    common = ("--text-file", text, *SMALL)
    demo("data_text", *common, "--iterations", 73, "--out", tmp_path / "whole")
    demo("data_text", *common, "--iterations", 40, "--out", tmp_path / "half")
    half = tmp_path / "half" / "text.safetensors"
    status, said, _ = demo(
        "data_text", *common, "--load", half, "--iterations", 33, "--out", tmp_path / "rest"
    )
    assert status == 0
    assert "40 iterations so far" in said
    whole, rest = (tr.load(tmp_path / name / "text.safetensors") for name in ("whole", "rest"))
    assert whole.keys() == rest.keys()
    for name, array in whole.items():
        np.testing.assert_array_equal(array, rest[name], err_msg=name)


def test_it_samples_from_a_checkpoint(demo, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    demo("data_text", "--text-file", text, *SMALL, "--iterations", 200, "--out", tmp_path)
    load = ("--load", tmp_path / "text.safetensors", "--iterations", 0)
    runs = [demo("data_text", "--text-file", text, *SMALL, *load, "--out", tmp_path / "b")[1]] * 2
    assert runs[0] == runs[1]
    assert "200 iterations so far" in runs[0]
    sample = runs[0].split("in its own words:\n\n")[1].split("\n\nSaved")[0]
    assert len(sample) == 20
    assert set(sample) <= set(TEXT)
    lstm = float(re.search(r"^LSTM +([\d.]+)", runs[0], flags=re.M)[1])
    order_0 = float(re.search(r"^Markov, order 0 +([\d.]+)", runs[0], flags=re.M)[1])
    assert lstm < order_0  # it has learnt something in 200 small steps


CSV = "date,rain,heat\n2020-01-01,0.5,7\n"
BAD = {
    "no file": ("data_weather --file missing.csv", "cannot read missing.csv: No such file"),
    "gap": ("data_weather --file gap.csv", "gap.csv, row 3: rain is empty; fill the gap in"),
    "short row": ("data_weather --file short.csv", "short.csv, row 3: heat is empty"),
    "word": ("data_weather --file word.csv", "word.csv, row 3: heat is 'warm', no number"),
    "nan": ("data_weather --file nan.csv", "nan.csv, row 3: heat is 'nan', no number"),
    "few": ("data_weather --file few.csv --column heat", "are too few for windows of 14"),
    "column": ("data_weather --column cold", "no column 'cold' of numbers: choose of precip"),
    "words only": ("data_weather --file words.csv", "words.csv has no column of numbers"),
    "empty": ("data_stocks --file empty.csv", "empty.csv has no rows"),
    "no csv": ("data_stocks --file latin.csv", "latin.csv is no CSV table"),
    "not packed": ("data_stocks --file plain.csv.gz", "cannot read plain.csv.gz: Not a gzipped"),
    "price": ("data_stocks --file price.csv --window 1", "prices that are not above 0"),
    "genome": ("data_dna --file word.csv", "word.csv holds ',', which is none of A, C, G, T"),
    "few bases": ("data_dna --file bases.fa", "9 bases are too few"),
    "short text": ("data_text --text-file word.csv", "give a longer text, or smaller --batch"),
    "no text": ("data_text --text-file missing.txt", "cannot read missing.txt"),
    "no checkpoint": ("data_text --load missing", "cannot read missing: No such file"),
    "broken checkpoint": ("data_text --load word.csv", "word.csv is no checkpoint of this demo"),
    "other weights": ("data_text --load other", "other is no checkpoint of this demo ('sizes')"),
    "cold": ("data_text --temperature 0", "--temperature 0 must be above 0"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_one_line(arguments, message, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        "gap.csv": CSV + "2020-01-02,,8\n",
        "short.csv": CSV + "2020-01-02,1\n",
        "word.csv": CSV + "2020-01-02,0.1,warm\n",
        "nan.csv": CSV + "2020-01-02,0.1,nan\n",
        "few.csv": CSV + "2020-01-02,0.1,6\n",
        "words.csv": "day,sky\nmonday,blue\n",
        "empty.csv": "date,price\n",
        "plain.csv.gz": CSV,
        "price.csv": "price\n" + "3\n2\n0\n" * 9,
        "bases.fa": ">nine\nACGTACGTA\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "latin.csv").write_bytes("caf\xe9,1\n2,3\n".encode("latin-1"))
    tr.save(tmp_path / "other", tr.Linear(2, 3, rng=0))
    before = sorted(tmp_path.rglob("*"))
    name, *options = arguments.split()
    status, _, error = demo(name, *options)
    assert status == 2
    assert error.startswith(f"python -m demos.{name}: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("module", "file"),
    [
        (data_weather, "seattle-weather.csv.gz"),
        (data_stocks, "stocks.csv.gz"),
        (data_speakers, "japanese-vowels.npz"),
        (data_dna, "lambda-phage.fa.gz"),
        (data_heart, "heart.csv.gz"),
        (data_protein, "lambda-phage.fa.gz"),
    ],
)
def test_a_missing_or_damaged_data_file_is_one_line(module, file, demo, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(data, "HERE", tmp_path)
    name = module.__name__.split(".")[-1]
    for content in (None, (HERE / file).read_bytes()[:5000]):
        if content is not None:
            (tmp_path / file).write_bytes(content)
        status, _, error = demo(name, "--out", tmp_path / "out")
        assert status == 2
        assert "`git checkout demos/data`" in error
        assert error.count("\n") == 1


def test_a_letter_that_the_checkpoint_never_read(demo, tmp_path):
    (tmp_path / "a").write_text(TEXT)
    (tmp_path / "b").write_text(TEXT + "\N{SNOWMAN}")
    demo("data_text", "--text-file", tmp_path / "a", *SMALL, "--iterations", 1, "--out", tmp_path)
    load = ("--load", tmp_path / "text.safetensors")
    status, _, error = demo("data_text", "--text-file", tmp_path / "b", *load, *SMALL)
    assert status == 2
    assert "which the checkpoint has never read" in error


def test_a_table_of_ones_own(demo, tmp_path):
    """A rhythm of ten rows without noise: the seasonal mean is right, the last value is not."""
    rows = [f"{n},{np.sin(2 * np.pi * n / 10):.6f}" for n in range(200)]
    (tmp_path / "own.csv").write_text("row,tide\n" + "\n".join(rows) + "\n")
    options = ("--file", tmp_path / "own.csv", "--column", "tide", "--period", 10, "--window", 5)
    status, said, _ = demo("data_weather", *options, "--iterations", 2, "--out", tmp_path)
    assert status == 0
    rows = answers(said, 16)
    assert float(rows["last value"][0]) > 0.3
    assert float(rows["seasonal mean"][0]) < 1e-5


def test_a_genome_of_ones_own(demo, tmp_path):
    """Four bases in turn: whoever looks one base back knows the next."""
    (tmp_path / "own.fa").write_text(">in turn\n" + "acgt\n" * 500)
    options = ("--file", tmp_path / "own.fa", "--iterations", 2, "--hidden", 2)
    status, said, _ = demo("data_dna", *options, "--out", tmp_path)
    assert status == 0
    assert float(re.search(r"order 0 +([\d.]+)", said)[1]) == pytest.approx(2, abs=0.01)
    assert float(re.search(r"order 1 +([\d.]+)", said)[1]) < 0.1
    assert "- Not so here: The networks are better than every Markov model" in said


def test_the_genetic_code_is_the_standard_one():
    """As it is usually written, in the order of the bases T, C, A, G."""
    usual = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
    order = ["ACGT".index(base) for base in "TCAG"]
    triples = [(a, b, c) for a in order for b in order for c in order]
    assert "".join(CODE[16 * a + 4 * b + c] for a, b, c in triples) == usual


def test_the_genes_run_from_a_start_to_a_stop_on_both_strands():
    bases = genome(HERE / "lambda-phage.fa.gz")
    found = genes(bases)
    for gene in found:
        acids = translated(gene, 0)
        assert acids[0] == "M"
        assert len(acids) >= 100
        assert "*" not in acids
    text = "".join("ACGT"[base] for base in bases)
    other = "".join("TGCA"[base] for base in bases[::-1])
    spelled = ["".join("ACGT"[base] for base in gene) for gene in found]
    forward = sum(gene in text for gene in spelled)
    assert 0 < forward < len(found)
    for gene in spelled:
        strand = text if gene in text else other
        end = strand.index(gene) + len(gene)
        assert strand[end : end + 3] in ("TAA", "TAG", "TGA")


def test_as_many_stretches_are_read_rightly_as_wrongly():
    found = genes(genome(HERE / "lambda-phage.fa.gz"))[:8]
    rows, right = data_protein.stretches(found, np.random.default_rng(0))
    assert rows.shape == (len(right), data_protein.LENGTH)
    assert right.mean() == 0.5
    spelled = ["".join(data_protein.LETTERS[k] for k in row) for row in rows[right == 1]]
    assert all(any(part in translated(gene, 0) for gene in found) for part in spelled)


def test_linear_regression_forecasts_a_wave_and_looks_no_further_than_its_window():
    z = np.sin(0.3 * np.arange(400))[:, np.newaxis]
    x, y = data_heart.windows(z[:-3], 10), z[13:, 0]
    assert x.shape == (10, 387, 1)
    np.testing.assert_allclose(y, np.sin(0.3 * (np.arange(387) + 13)))
    np.testing.assert_allclose(data_heart.regression(x, y, 200), y, atol=1e-9)


@pytest.mark.parametrize("seed", [0, 10, 20])
def test_its_sentences_hold_of_words_that_two_letters_do_not_foretell(seed, demo, tmp_path):
    words = ["banana", "bandana", "cabana", "cadabra", "abacus"]
    text = tmp_path / "text.txt"
    text.write_text(" ".join(np.random.default_rng(0).choice(words, 1500)))
    options = ("--hidden", 32, "--batch", 8, "--steps", 20, "--sample", 60, "--iterations", 300)
    said = demo("data_text", "--text-file", text, *options, "--seed", seed, "--out", tmp_path)[1]
    assert "\nWhat these numbers show:\n- " in said
    assert "Not so here" not in said, said
