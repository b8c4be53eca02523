"""The attacks of `make attack`, a few of each kind."""

import os

import pytest

from tests.attack.run import ATTACKS, attack

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks and sets timers"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_is_wrong_hangs_or_leaks(name):
    assert attack(name, 4) == {"attempts": 4}
