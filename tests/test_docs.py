"""Every page: its links lead somewhere, what it shows is what there is, and none is out of date."""

import ast
import json
import os
import re
import runpy
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer
import yaml
from typer.main import get_command

from object_access.cli import app

ROOT = Path(__file__).parent.parent
TOP = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *TOP])
BLOCK = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", flags=re.DOTALL | re.MULTILINE)
NAMES = [str(each.relative_to(ROOT)) for each in PAGES]


def prose(page: Path) -> str:
    """A page without its blocks of code and what stands in backticks."""
    return re.sub(r"`[^`\n]*`", "code", BLOCK.sub("", page.read_text()))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Where links into a page may lead: its headings, as GitHub and the site both spell them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each).lower() for each in headings)
    named = re.findall(r'<a id="([\w-]+)">', page.read_text())
    slugs = [re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", each).strip()) for each in plain]
    return frozenset([*named, *slugs])


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_link_is_dead(page):
    """Neither to a file, nor to a heading in one; every picture says what it shows."""
    text = prose(page)
    assert "![](" not in text
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), target
            continue
        path, _, anchor = target.partition("#")
        there = Path(os.path.normpath(page.parent / path)) if path else page
        assert there.exists(), target
        assert ROOT in (there, *there.parents), target
        assert not anchor or anchor in anchors(there), target


def test_every_page_is_in_the_site_s_list():
    """And none is in it that there is not."""
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=yaml.BaseLoader)

    def listed(nav):
        for each in nav:
            for inner in each.values() if isinstance(each, dict) else [each]:
                yield from [inner] if isinstance(inner, str) else listed(inner)

    docs = {str(each.relative_to(ROOT / "docs")) for each in (ROOT / "docs").rglob("*.md")}
    made = {"index.md", "changelog.md", "contributing.md", "components.md"}  # by docs/site.py
    assert {*listed(settings["nav"])} == docs | made


@pytest.mark.parametrize(
    "name", ["settings", "policies", "consumers", "checks", "errors", "formats"]
)
def test_the_pages_that_are_made_are_current(name):
    """`make docs` writes them."""
    made = runpy.run_path(str(ROOT / f"docs/{name}.py"))

    assert made["page"]() == (ROOT / f"docs/{name}.md").read_text(), "run `make docs`"


def test_the_pictures_are_current():
    """`make docs` draws them; no line is wider than its box, nor is there one without a page."""
    made = runpy.run_path(str(ROOT / "docs/pictures.py"))
    pages = "".join(each.read_text() for each in PAGES)

    for name, picture in made["PICTURES"].items():
        file = ROOT / f"docs/pictures/{name}.svg"
        assert made["draw"](picture) == file.read_text(), "run `make docs`"
        assert f"pictures/{name}.svg" in pages
        for row in picture.rows:
            assert len(picture.rows) == len(picture.steps) + 1
            for box in row:
                wide = (made["WIDTH"] - 30) / len(row)
                assert max(len(line) for line in (box.title, *box.lines)) * 5.6 < wide, box
    assert {each.stem for each in (ROOT / "docs/pictures").iterdir()} == {*made["PICTURES"]}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_is_what_it_says(page):
    """JSON, YAML and Python can be read; commands of ours have their options, and `make` its
    targets."""
    for language, text in BLOCK.findall(page.read_text()):
        if language == "json":
            json.loads(text)
        elif language in ("yaml", "yml"):
            assert [*yaml.safe_load_all(text)]
        elif language in ("python", "py"):
            ast.parse(text)
        else:
            for line in re.sub(r"\\\n\s*", " ", text).splitlines():
                command(line)


def test_the_commands_in_sentences_are_commands():
    """What stands in backticks, too."""
    found = 0
    for page in PAGES:
        for line in re.findall(
            r"`((?:\.venv/bin/)?object-access [^`]+|make [^`]+)`", page.read_text()
        ):
            command(re.sub(r"\s+", " ", line))
            found += 1
    assert found > 50


def command(line: str) -> None:
    """Check a line that calls a command of ours, or `make`."""
    line = re.sub(r"^\$ ", "", line.strip()).partition("  ")[0].partition(" #")[0]
    if line.startswith("make "):
        targets = [
            each for each in line.split()[1:] if "=" not in each and not each.startswith("<")
        ]
        for each in targets:
            assert re.search(
                rf"^{re.escape(each)}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE
            ), line
        return
    words = re.match(r"(?:\.venv/bin/)?object-access ([a-z]+)\b(.*)", line)
    if not words:
        return
    known = get_command(app).commands
    assert words[1] in known, line
    rest = re.split(r" [|>&]|\)\"", words[2])[0].replace("...", "x")
    if words[1] == "record":
        rest = rest.partition(" -- ")[0]
    if given := shlex.split(rest):
        wrong = refused(known[words[1]], given)
        assert not wrong or "Missing argument" in wrong, f"{line}: {wrong}"  # an option alone


def refused(given, words: list[str]) -> str:
    """What a command says of its words, before it does anything."""
    try:
        given.make_context(given.name, words)
    except typer.TyperException as error:
        return error.format_message()
    return ""
