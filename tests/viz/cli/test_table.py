"""Tables as people have them are read; what is not plain is refused with its place in the file."""

import sys

import numpy as np
import pytest

from viz.cli.command import UsageError
from viz.cli.inputs import series
from viz.cli.table import read_table


def table(path, text, **how):
    path.write_text(text, encoding="utf-8")
    return read_table(path, lambda path: path.read_text(encoding="utf-8"), **how)


READ = {
    "a date": ("day,a,b\n2020-01-01,1,2\n2020-01-02,3,4\n", {}),
    "an unnamed index": (",a,b\nx,1,2\ny,3,4\n", {}),
    "no header": ("mon,1,2\ntue,3,4\n", {}),
    "semicolons": ("day;a;b\nx;1;2\ny;3;4\n", {}),
    "decimal commas": ("day;a;b\nx;1,0;2,0\ny;3,0;4\n", {}),
    "tabs": ("a\tb\n1\t2\n3\t4\n", {}),
    "thousands": ("a;b\n1;2\n3;4\n", {}),
    "quotes": ('"a, or so","b"\n"1","2"\n"3","4"\n', {}),
    "dropped": ("a,b\n1,2\n,9\n8,NA\n3,4\n", {"missing": "drop"}),
    "chosen": ("a,city,b,c\n1,x,2,7\n3,y,4,8\n", {"columns": ["a", "b"]}),
    "by number": ("a,city,b\n1,x,2\n3,y,4\n", {"columns": ["1", "3"]}),
}


@pytest.mark.parametrize(("text", "how"), READ.values(), ids=READ)
def test_a_table_is_read(text, how, tmp_path):
    np.testing.assert_array_equal(table(tmp_path / "t.csv", text, **how).values, [[1, 2], [3, 4]])


def test_labels_names_and_notes(tmp_path):
    found = table(tmp_path / "t.csv", "day,a\nx,1\ny,\nz,3\n", missing="drop")
    assert (found.names, found.labels) == (["a"], ["x", "z"])
    assert found.notes[0].endswith("1 of 3 rows left out for 1 gap, the first in line 3, 'a'")


def test_gaps_are_filled_with_what_was_before(tmp_path):
    found = table(tmp_path / "t.csv", "a,b\n,1\n2,-\n?,null\n5,4\n", missing="fill")
    np.testing.assert_array_equal(found.values, [[2, 1], [2, 1], [2, 1], [5, 4]])
    assert found.notes[0].endswith("4 gaps filled, the first in line 2, 'a'")


def test_thousands_beside_a_decimal_comma(tmp_path):
    found = table(tmp_path / "t.csv", "a;b\n1.234,5;1\n-0,5;2\n")
    np.testing.assert_array_equal(found.values, [[1234.5, 1], [-0.5, 2]])


BAD = {
    "two columns of text": ("a,city,land,b\n1,x,y,2\n", {}, "text in 'land'.*--columns a,b"),
    "text chosen": ("a,city\n1,x\n", {"columns": ["city"]}, "column 'city' is text: there is a"),
    "a word": ("a,b\n1,2\n3,x\n", {}, "line 3, column 2: 'x' is no number"),
    "an open date": ("day,a\n2020-01-01,1\n7,2\n", {}, "line 2, column 1: '2020-01-01' is no"),
    "a dot beside commas": ("a;b\n1,5;1\n1.234;2\n", {}, "comma in line 2 and a dot in line 3"),
    "a comma among commas": ('a,b\n"1,234,567",1\n2,1\n', {}, "'1,234,567' is no number"),
    "ragged": ("a,b\n1,2\n3\n", {}, "line 3 has 1 columns"),
    "a quote without an end": ('a,b\n"' + 200_000 * "1" + ",2\n", {}, "line 2 is no line of a"),
    "nothing": ("a,b\n1,\n2,\n", {"missing": "fill"}, "'b' has nothing but gaps"),
    "gaps": ("a,b\n1,\n,2\n", {}, "2 gaps, the first in line 2, 'b': --missing drop leaves"),
}


@pytest.mark.parametrize(("text", "how", "message"), BAD.values(), ids=BAD)
def test_what_is_not_plain_is_refused(text, how, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        table(tmp_path / "t.csv", text, **how)


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="reads Parquet files")
    from pyarrow import parquet

    days = np.array(["2020-01-01", "2020-01-02"], "M8[D]")
    found = pyarrow.table({"day": days, "a": [1.5, None], "b": [2, 4]})
    parquet.write_table(found, tmp_path / "t.parquet")
    values, labels, _ = series(tmp_path / "t.parquet", missing="fill")
    np.testing.assert_array_equal(values[:, 0], [[1.5, 2], [1.5, 4]])
    assert labels == ["2020-01-01", "2020-01-02"]


def test_excel(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="reads Excel workbooks")
    book = openpyxl.Workbook()
    for row in (["day", "a"], ["x", 1.5], ["y", 2]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    values, labels, _ = series(tmp_path / "t.xlsx")
    np.testing.assert_array_equal(values[:, 0, 0], [1.5, 2])
    assert labels == ["x", "y"]


@pytest.mark.parametrize(("name", "package"), [("t.parquet", "pyarrow"), ("t.xlsx", "openpyxl")])
def test_a_missing_package_is_named(name, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UsageError, match=f"is read by the package {package}: pip install"):
        series(tmp_path / name)


@pytest.mark.parametrize("name", ["t.parquet", "t.xlsx"])
def test_a_damaged_file(name, tmp_path):
    package = "pyarrow" if name.endswith("t") else "openpyxl"
    pytest.importorskip(package, reason=f"{package} reads it")
    (tmp_path / name).write_bytes(b"these are words")
    with pytest.raises(UsageError, match="is not a whole"):
        series(tmp_path / name)
