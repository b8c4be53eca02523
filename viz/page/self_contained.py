"""Parts of a page that is one file and loads nothing: its assets, its policy and its data.

One idea: a content security policy names the digest of each script and style sheet that the page
holds, so nothing else can ever run or load; what a name says travels as data alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files

POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def asset(name: str) -> str:
    """The text of a file in `assets`."""
    return files("viz.page").joinpath("assets", name).read_text(encoding="utf-8")


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """The content security policy that lets these texts run and style, and nothing else.

    >>> policy(["run()"], [""])[:62]
    "default-src 'none'; script-src 'sha256-AvyuiL0SD1mVY3NNxR+V2uo"
    """
    return POLICY.format(scripts=_digests(scripts), styles=_digests(styles))


def _digests(texts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in texts)
    return " ".join(f"'sha256-{digest.decode('ascii')}'" for digest in digests)


def embedded(data: object) -> str:
    """Plain data as JSON that may stand in an element of HTML: no name in it can end the element.

    >>> embedded({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
