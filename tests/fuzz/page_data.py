"""The data of an interactive page, read by the page's own scripts in Node, where there is one."""

from __future__ import annotations

import atexit
import base64
import contextlib
import hashlib
import json
import re
import resource
import shutil
import subprocess
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import tinygrad_rnn as tr
import viz

ASSETS = Path(viz.__file__).parent / "page" / "assets"
READER = Path(__file__).with_name("read_page.js")


class PageError(Exception):
    """What the page says above an empty drawing."""


def of(loss: tr.Tensor, flow: tr.GradientFlow) -> bytes:
    """Return the data in the page of a graph."""
    page = viz.draw(loss, flow).to_bytes("html").decode()
    found = re.search(r'id="data">(.*?)</script>', page)
    assert found is not None
    return found[1].encode()


def content(data: bytes) -> str:
    """Return the digest of the drawing and its numbers, by code of the tests' own."""
    packed = json.loads(data)
    parts = (base64.b85decode(packed[key].replace(",", "<")) for key in ("drawing", "numbers"))
    return hashlib.sha256(b"".join(map(zlib.decompress, parts))).hexdigest()


def read(path: Path) -> Any:
    """Return the digest of what the page's scripts take out of its data, once it is unfolded."""
    node = _node()
    assert node.stdin is not None
    assert node.stdout is not None
    try:
        node.stdin.write(f"{path}\n")
        node.stdin.flush()
        answer = json.loads(node.stdout.readline())
    except BaseException:  # such as that the time is over
        _end(node)
        _node.cache_clear()
        raise
    if "error" in answer:
        raise PageError(answer["error"])
    return answer["content"]


@cache
def _node() -> subprocess.Popen[str]:
    def unlimited() -> None:  # Node reserves more addresses than it will ever use
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)

    node = subprocess.Popen(
        [executable(), "--max-old-space-size=1024", READER, ASSETS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=unlimited,
    )
    atexit.register(_end, node)
    return node


def _end(node: subprocess.Popen[str]) -> None:
    node.kill()
    node.wait()
    for stream in (node.stdin, node.stdout):
        with contextlib.suppress(OSError):  # a question that it had not read yet
            stream and stream.close()


def executable() -> str:
    """Return Node: that of the machine, or the one that comes with Playwright."""
    found = shutil.which("node")
    if found is None:
        from playwright._impl._driver import compute_driver_executable

        found = str(compute_driver_executable()[0])
    return found
