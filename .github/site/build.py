"""Build the site: static pages with the engine in them, `make site` into out/site.

One idea: the pages take what the repository has (README, demos, notebook, docstrings) and add only
what leads from one to the other; the engine that they run is the wheel of this checkout.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import gallery
import numpy as np
import runtime
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from notebook import cells

import tinygrad_rnn as tr
from viz.style import DARK, LIGHT, STEPS_PER_SIDE, Theme

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECIPES = ROOT / ".github" / "recipes"
PAGES = ("index.html", "try.html", "gallery.html", "notebook.html", "guide.html")
# Nothing is loaded from elsewhere but Python itself, where that is not in the folder. The pages
# that play and the pictures carry their own scripts and styles, hence 'unsafe-inline'.
POLICY = (
    "default-src 'self' blob: data: {elsewhere}; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' {elsewhere}; object-src 'none'"
)


def introduction(readme: str) -> dict[str, str]:
    """Return the README's first sentence, and its first picture with the text below that."""
    paragraphs = [" ".join(part.split()) for part in readme.split("\n\n")]
    place = next(k for k, part in enumerate(paragraphs) if part.startswith("!["))
    picture = re.match(r"!\[(.*?)\]\((.*?)\)", paragraphs[place])
    assert picture, "the README's first picture is no longer one"
    return {
        "sentence": paragraphs[1],
        "alternative": picture[1],
        "caption": paragraphs[place + 1],
    }


def guide(readme: str) -> str:
    """Return the README as HTML from its second heading on."""
    _, _, body = readme.partition("\n## ")
    return page_of(f"## {body}")


def page_of(markdown: str) -> str:
    """Return Markdown as HTML; links to pictures and recipes are kept, others into the code go."""
    html: str = MarkdownIt("commonmark").enable("table").render(markdown)
    html = html.replace('href=".github/pictures/', 'href="pictures/')
    html = re.sub(r'href="\.github/recipes/([\w-]+)\.md"', r'href="\1.html"', html)
    html = re.sub(r'<a href="(?!https?:|pictures/|#|[\w-]+\.html")[^"]*">(.*?)</a>', r"\1", html)
    html = html.replace("<th></th>", "<td></td>")  # a heading without words is none
    return html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')


def legible(theme: Theme) -> str:
    """Return the pictures' blue, mixed with the colour of text until words in it can be read."""
    blue, text = (_channels(c) for c in (theme.colour(-STEPS_PER_SIDE), theme.text))
    for share in np.linspace(0, 1, 21):
        mixed = np.rint((1 - share) * blue + share * text)
        ground = max(_luminance(_channels(c)) for c in (theme.background, theme.node))
        pair = sorted((_luminance(mixed), ground))
        if (pair[1] + 0.05) / (pair[0] + 0.05) >= 5.2:  # 4.5 is asked for, also on a tint
            break
    return "#" + "".join(f"{int(channel):02x}" for channel in mixed)


def _channels(colour: str) -> Any:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)], dtype=float)


def _luminance(channels: Any) -> float:
    """Return the relative luminance of sRGB channels 0 .. 255 (WCAG 2.2)."""
    x = channels / 255
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def theme() -> str:
    """Return the pictures' own colours as custom properties, of which `color-scheme` picks."""
    names = ("background", "text", "muted", "cluster", "cluster_line", "node", "parameter", "alarm")
    pairs = {name: (getattr(LIGHT, name), getattr(DARK, name)) for name in names}
    pairs["focus"] = (legible(LIGHT), legible(DARK))
    rows = (
        f"  --{name.replace('_', '-')}: light-dark({light}, {dark});\n"
        for name, (light, dark) in pairs.items()
    )
    return f":root {{\n{''.join(rows)}}}\n"


def wheels(folder: Path) -> list[str]:
    """Put the wheel of this checkout and its pure requirement into a folder; return the names."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    with tempfile.TemporaryDirectory() as name:
        listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
        source = Path(name)  # a copy, so that no earlier build's files get in
        for file in runtime.run(*listed, cwd=ROOT).splitlines():
            if (ROOT / file).is_file():
                (source / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, source / file)
        runtime.run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, source)
    runtime.run(*pip, "download", "--no-deps", "--only-binary=:all:", "--dest", folder, "graphviz")
    return sorted(path.name for path in folder.glob("*.whl"))


def build(out: Path, vendor: bool, demos: list[str] | None, cache: Path) -> None:
    """Write the whole site into a folder, which is emptied first.

    Args:
        out: the folder.
        vendor: put Python itself there too, so that no page asks for anything elsewhere.
        demos: the names of those in the gallery; all by default.
        cache: where downloads and the demos' pictures are kept from one build to the next, and
            where the API reference is.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copytree(HERE / "assets", out / "assets")
    shutil.copytree(ROOT / ".github" / "pictures", out / "pictures")
    (out / "assets" / "theme.css").write_text(theme(), encoding="utf-8")
    (out / "wheels").mkdir()
    found = runtime.place(out, cache / "vendor", vendor)
    found["wheels"] = [f"wheels/{name}" for name in wheels(out / "wheels")]
    (out / "runtime.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {
        **introduction(readme),
        "policy": POLICY.format(elsewhere="" if vendor else runtime.DISTRIBUTION).replace(
            " ;", ";"
        ),
        "version": tr.__version__,
        "guide": guide(readme),
        "chapters": gallery.chapters(demos, cache / "gallery", out / "gallery"),
        "cells": cells(ROOT / "demos" / "tour.ipynb"),
    }
    pages = Environment(loader=FileSystemLoader(HERE / "pages"), autoescape=True, trim_blocks=True)
    for name in PAGES:
        text = pages.get_template(name).render(here=name, **known)
        (out / name).write_text(text, encoding="utf-8")
    for recipe in sorted(RECIPES.glob("*.md")):
        heading, _, body = recipe.read_text(encoding="utf-8").removeprefix("# ").partition("\n")
        name = f"{recipe.stem}.html"
        text = pages.get_template("recipe.html").render(
            here=name, heading=heading, recipe=page_of(body), **known
        )
        (out / name).write_text(text, encoding="utf-8")
    shutil.copytree(cache / "docs", out / "reference")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "site")
    parser.add_argument("--vendor", action="store_true", help="put Python into the folder too")
    parser.add_argument("--demos", nargs="*", help="those in the gallery; all by default")
    args = parser.parse_args()
    try:
        build(args.out, args.vendor, args.demos, ROOT / "out")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{escape(' '.join(map(str, error.cmd)))} failed:\n{error.stdout}{error.stderr}")
    print(f"{args.out}: python3 -m http.server --directory {args.out} shows it at port 8000")


if __name__ == "__main__":
    main()
