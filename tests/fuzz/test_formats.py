"""A few hundred spoiled files of each format; `make fuzz` reads 100,000."""

from collections import Counter

import pytest

from tests.fuzz.formats import FORMATS, kind
from tests.fuzz.run import attempt, make


@pytest.mark.parametrize("name", FORMATS)
def test_a_spoiled_file_is_read_or_refused_by_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        form = kind(name)
    except ImportError as error:
        pytest.skip(f"nothing reads {name} here: {error}")
    path = tmp_path / f"input{form.suffix}"
    counts = Counter(attempt(name, number, path) for number in range(300))
    assert counts["read"] >= len(form.good)
    assert len(counts) > 1, "nothing was ever refused: the mutations do not bite"


def test_an_input_is_made_from_its_number_alone():
    assert [make("csv", k) for k in range(50)] == [make("csv", k) for k in range(50)]
    assert len({make("npy", k) for k in range(200)}) > 150
