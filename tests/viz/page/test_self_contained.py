"""The parts of a page that loads nothing: its policy's digests, and data that cannot end itself."""

from __future__ import annotations

import base64
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from viz.page.self_contained import asset, embedded, policy


def test_a_policy_names_the_digest_of_each_text_and_nothing_else() -> None:
    first, second, style = (
        base64.b64encode(hashlib.sha256(text).digest()).decode()
        for text in (b"a()", b"b()", b"p{}")
    )
    directives = dict(part.split(" ", 1) for part in policy(["a()", "b()"], ["p{}"]).split("; "))
    assert directives == {
        "default-src": "'none'",
        "script-src": f"'sha256-{first}' 'sha256-{second}'",
        "style-src": f"'sha256-{style}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_embedded_data_is_read_back_and_opens_no_element(text: str) -> None:
    written = embedded({"name": text})
    assert "<" not in written
    assert json.loads(written) == {"name": text}


def test_assets_are_found_by_name() -> None:
    assert "<!--DATA-->" in asset("page.html")
    assert "<!--DATA-->" in asset("training.html")
