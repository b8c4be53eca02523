"""axe-core finds nothing to complain of, in 36 states of the page."""

from importlib.resources import files

import numpy as np
import pytest

import tinygrad_rnn as tr
from tests.viz.page.test_page_browser import browser, wait
from viz import page
from viz.style import Scale

pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.browser
__all__ = ["browser"]  # a fixture

STATES = {
    "as it opens": "1",
    "in the midst of the sweep": "gradientPage.sweep.seek(12.5)",
    "operations": "gradientPage.show(0, 'op')",
    "a node is chosen": "gradientPage.choose({ node: gradientPage.drawing.nodes[3] })",
    "the table": "document.getElementById('table').open = true",
    "the live cell": "document.getElementById('live').open = true",
    "unit by unit": "document.getElementById('units').open = true",
    "the findings": "document.getElementById('findings').open = true",
    "the keys": "document.getElementById('help').showModal()",
}
CHECK = """() => axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
    `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join("; ")}`))"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page with all that a page can have: a loss at every step, and something wrong."""
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.LSTMCell(2, 4, rng=rng, forget_bias=-4.0), rng.normal(size=(12, 1, 2)))
    loss = np.stack([np.square(h).sum() for h in run.hidden]).mean()
    flow = tr.trace(loss)
    found = tmp_path_factory.mktemp("axe") / "page.html"
    levels = page.levels(loss, flow)
    text = page.render({"one": levels, "two": levels}, Scale.fit([flow]), "axe")
    found.write_text(text, encoding="utf-8")
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_axe_finds_nothing(browser, path, theme, size):
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, bypass_csp=True
    )
    tab = context.new_page()
    tab.goto(path.as_uri())
    wait(tab, "Boolean(globalThis.gradientPage?.drawnBars)")
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    tab.evaluate(f"{source};1")
    for name, action in STATES.items():
        tab.evaluate(f"() => {{ {action}; }}")
        tab.wait_for_timeout(300)  # until colours have changed
        assert tab.evaluate(CHECK) == [], name
    context.close()
