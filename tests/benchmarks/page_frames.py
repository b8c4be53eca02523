"""How large the interactive page is and how long a frame takes, measured in a real browser.

    python -m tests.benchmarks.page_frames [steps]

A frame is timed until its pixels are there: reading one of them back makes the canvas paint at
once. Without a GPU (`--disable-gpu`) this is the slowest that a browser can be.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tinygrad_rnn as tr
import viz

SCENES = {
    "play, near": "page.sweep.seek(page.drawing.swept.length * (1 - i / n), true)",
    "pan, near": "page.canvas.x -= 7",
    "zoom from near to all steps": "page.zoom(0.93, page.canvas.width, 300)",
    "play, all steps": "page.sweep.seek(page.drawing.swept.length * (i / n))",
    "pan, thirty steps": "page.canvas.x += 40",
}
BEFORE = {
    "zoom from near to all steps": "page.place('fitHeight')",
    "play, all steps": "page.place('fit')",
    "pan, thirty steps": (
        "page.sweep.goTo(500); page.canvas.setZoom(page.canvas.width / (30 * page.drawing.pitch),"
        " page.drawing); page.canvas.x = 400 * page.drawing.pitch"
    ),
}
MEASURE = """({{ n }}) => {{
    const page = gradientPage, context = page.canvas.context, times = [];
    {before};
    for (let i = 0; i < n; i++) {{
        const start = performance.now();
        {act};
        page.drawNow();
        context.getImageData(0, 0, 1, 1);
        times.push(performance.now() - start);
    }}
    return times;
}}"""


def make(steps: int, path: Path) -> None:
    """Write the page of an LSTM, 16 wide, with its loss at the last step."""
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.LSTMCell(8, 16, rng=rng), rng.normal(size=(steps, 1, 8)))
    loss = (run.final.h * run.final.h).sum()
    start = time.perf_counter()
    viz.draw(loss, tr.trace(loss), title=f"LSTM, {steps} steps").save(path)
    seconds = time.perf_counter() - start
    print(f"{path.stat().st_size:,} bytes, drawn and written in {seconds:.1f} s")


def measure(path: Path) -> None:
    """Print how long it takes to open the page, and the frames of each scene."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        start = time.perf_counter()
        tab.goto(path.as_uri())
        while not tab.evaluate("Boolean(globalThis.gradientPage?.drawnBars)"):
            tab.wait_for_timeout(5)
        print(f"opened in {time.perf_counter() - start:.2f} s\n")
        tab.evaluate("gradientPage.show(0, 'op')")  # the finest level throughout
        print(f"{'ms a frame':30} {'median':>7} {'95 %':>7} {'worst':>7}")
        for name, act in SCENES.items():
            script = MEASURE.format(before=BEFORE.get(name, ""), act=act)
            times = np.sort(tab.evaluate(script, {"n": 120}))
            print(f"{name:30} {np.median(times):7.1f} {times[113]:7.1f} {times[-1]:7.1f}")
        browser.close()


def main() -> None:
    """Measure a page of so many steps, 1,000 by default."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        make(steps, path)
        measure(path)


if __name__ == "__main__":
    main()
