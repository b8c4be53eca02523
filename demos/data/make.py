"""Make the files of this folder from the packages that SOURCES.md names; the same bytes each time.

python -m pip install --no-deps --target packages vega_datasets bokeh_sampledata aeon
python -m pip install --no-deps --target packages --python-version 3.11 \\
    --only-binary=:all: scipy==1.9.3
apt-get download bowtie2-examples && dpkg -x bowtie2-examples_*.deb packages
python -m demos.data.make packages
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

import numpy as np

from demos.data import HERE

TICKERS = ("AAPL", "IBM", "MSFT")


def weather(packages: Path) -> None:
    text = (packages / "vega_datasets/_data/seattle-weather.csv").read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    _write_table("seattle-weather.csv.gz", [row[:5] for row in rows])  # without the word for it


def stocks(packages: Path) -> None:
    with gzip.open(packages / "bokeh_sampledata/_data/stocks.csv.gz", "rt", newline="") as file:
        table = list(csv.DictReader(file))
    closes: dict[str, dict[str, str]] = {}
    for row in table:
        if row["Ticker"] in TICKERS:
            closes.setdefault(row["Date"], {})[row["Ticker"]] = f"{float(row['Adj Close']):.4f}"
    whole = [(day, here) for day, here in sorted(closes.items()) if len(here) == len(TICKERS)]
    rows = [[day, *(here[ticker] for ticker in TICKERS)] for day, here in whole]
    _write_table("stocks.csv.gz", [["date", *TICKERS], *rows])


def vowels(packages: Path) -> None:
    values, lengths, speakers, counts = [], [], [], []
    for part in ("TRAIN", "TEST"):
        file = packages / f"aeon/datasets/data/JapaneseVowels/JapaneseVowels_{part}.ts"
        lines = file.read_text("utf-8").split("@data\n")[1].split()
        counts.append(len(lines))
        for line in lines:
            *channels, speaker = line.split(":")
            cepstra = np.array([channel.split(",") for channel in channels], dtype=float).T
            values.append(np.rint(cepstra * 1000).astype(np.int16))
            lengths.append(len(cepstra))
            speakers.append(int(speaker) - 1)
    np.savez_compressed(
        HERE / "japanese-vowels.npz",
        cepstra=np.concatenate(values),
        lengths=np.array(lengths, dtype=np.int8),
        speakers=np.array(speakers, dtype=np.int8),
        training=np.array(counts[0]),
    )


def phage(packages: Path) -> None:
    file = packages / "usr/share/doc/bowtie2/examples/reference/lambda_virus.fa.gz"
    _write("lambda-phage.fa.gz", gzip.decompress(file.read_bytes()))


def heart(packages: Path) -> None:
    with np.load(packages / "scipy/misc/ecg.dat") as stored:
        millivolt = (stored["ecg"].astype(int) - 1024) / 200
    means = millivolt.reshape(-1, 8).mean(axis=1)  # 360 numbers a second become 45
    _write_table("heart.csv.gz", [["millivolt"], *([f"{x:.3f}"] for x in means)])


def _write_table(name: str, rows: list[list[str]]) -> None:
    _write(name, "".join(",".join(row) + "\n" for row in rows).encode())


def _write(name: str, content: bytes) -> None:
    (HERE / name).write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for make in (weather, stocks, vowels, phage, heart):
        make(Path(sys.argv[1]))
