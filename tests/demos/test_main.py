"""The path lists every demo, with its question, level and time; it runs one by its name."""

import sys

import pytest

from demos.__main__ import contents, main
from demos.chapters import CHAPTERS, HERE, table
from demos.common import UsageError

ALL = [demo for chapter in CHAPTERS for demo in chapter.demos]


def test_every_demo_has_one_place_on_the_path():
    files = {file.stem for file in HERE.glob("[!_]*.py")} - {"common", "chapters"}
    assert sorted(demo.name for demo in ALL) == sorted(files)


def test_it_says_what_each_demo_asks_and_takes(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["demos"])
    main()
    lines = capsys.readouterr().out.splitlines()
    for demo in ALL:
        at = next(k for k, line in enumerate(lines) if line.split()[:1] == [demo.name])
        assert lines[at].split()[1:] == [demo.level, str(demo.seconds), "s"]
        assert lines[at + 1].strip() == demo.question
        assert "?" in demo.question
        assert demo.seconds <= 30
    assert max(map(len, lines)) <= 106
    assert (HERE / "tour.ipynb").is_file()


def test_the_chapters_are_in_reading_order():
    said = contents()
    places = [said.index(f"{k}. {chapter.title}\n") for k, chapter in enumerate(CHAPTERS, 1)]
    assert places == sorted(places)
    assert len(places) == 8


def test_it_runs_a_demo_with_its_options(monkeypatch, capsys, tmp_path):
    out = str(tmp_path / "out")
    options = ["sum_over_time", "--steps", "2", "--hidden", "1", "--out", out]
    monkeypatch.setattr(sys, "argv", ["demos", *options])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "weight_hh is used 2 times" in capsys.readouterr().out
    assert (tmp_path / "out" / "chart.svg").is_file()


def test_an_unknown_name_is_refused_with_the_nearest(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demos", "vanish"])
    with pytest.raises(UsageError, match="there is no demo 'vanish': vanishing"):
        main()
    monkeypatch.setattr(sys, "argv", ["demos", "xyz"])
    with pytest.raises(UsageError, match="see `python -m demos`"):
        main()


def test_the_readme_shows_the_same_path():
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    assert table() in readme
