"""What `import tinygrad_rnn` brings in; what it leaves for later is there when asked for."""

import pydoc
import subprocess
import sys

import pytest

import tinygrad_rnn as tr

ROOMS = ("analysis", "anomaly", "diagnosis", "interop", "io", "itemise", "optim", "study")
LATER = {f"tinygrad_rnn.{room}" for room in (*ROOMS, "nn.checkpoint", "nn.fused", "nn.sequence_op")}
HEAVY = {
    *("asyncio", "concurrent", "email", "hashlib", "http", "importlib.metadata", "json", "logging"),
    *("multiprocessing", "pathlib", "pickle", "random", "safetensors", "shutil", "socket"),
    *("subprocess", "tempfile", "unittest", "urllib", "xml", "zipfile"),
}
BEYOND_NUMPY = """
import sys
import numpy
import numpy.typing
before = set(sys.modules)
import tinygrad_rnn
print(*set(sys.modules) - before)
"""
IN_TURN = """
import sys
import tinygrad_rnn as tr
for name in sys.argv[1:]:
    assert name in dir(tr) and getattr(tr, name) is getattr(tr, name), name
"""


def fresh(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_brings_in_little_beyond_numpy():
    found = set(fresh(BEYOND_NUMPY))
    assert "tinygrad_rnn.nn.cells" in found
    assert not found & LATER
    assert not found & HEAVY


@pytest.mark.parametrize("order", [1, -1])
def test_every_public_name_is_there_whatever_is_asked_for_first(order):
    """A name must not turn into the module of the same name once that is imported."""
    fresh(IN_TURN, *[*tr.__all__, *ROOMS][::order])
    fresh("from tinygrad_rnn import *\n" + "\n".join(tr.__all__))


def test_what_comes_later_is_the_same_object():
    from tinygrad_rnn import Adam, from_torch, interop, load
    from tinygrad_rnn.io import load as its_own

    assert load is its_own is tr.load is tr.io.load
    assert Adam is tr.optim.Adam
    assert from_torch is interop.from_torch
    assert callable(tr.gradcheck)
    assert callable(tr.scope)


def test_names_are_listed_and_helped_with():
    assert set(tr.__all__) <= set(dir(tr))
    assert "class AdamW" in pydoc.plain(pydoc.render_doc(tr))


def test_an_unknown_name_is_refused_as_python_does():
    with pytest.raises(AttributeError, match="module 'tinygrad_rnn' has no attribute 'Adma'"):
        tr.Adma  # noqa: B018  # it raises
