"""The tables of claims and questions name demos that exist and pictures that they write."""

import re

from demos.chapters import CHAPTERS, HERE
from tests.demos.test_manners import RUNS

TEXT = (HERE / "README.md").read_text(encoding="utf-8")
CLAIMS, QUESTIONS = (
    re.findall(r"^\| (\d+) \| (.+?) \| (?:`(\w+)`|none yet) \| (?:`(\S+)`)? ?\|$", part, re.M)
    for part in TEXT.split("\n## ")[1:]
)


def test_every_claim_and_nearly_every_question_has_its_picture():
    assert [int(row[0]) for row in CLAIMS] == list(range(1, 38))
    assert [int(row[0]) for row in QUESTIONS] == list(range(1, 38))
    assert all(row[2] for row in CLAIMS)
    assert sum(bool(row[2]) for row in QUESTIONS) >= 35


def test_the_demos_are_on_the_path_and_write_these_pictures():
    known = {demo.name for chapter in CHAPTERS for demo in chapter.demos}
    for _, text, name, picture in CLAIMS + QUESTIONS:
        assert not name or name in known, text
        if name in RUNS:
            assert picture in RUNS[name][1].split(), text
