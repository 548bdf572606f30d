"""What `make site` adds to the pages of this folder: the README as the start, the components' own
documentation, and a page for each consumer."""

import posixpath
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
# Where a file of the repository is on the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no file of this folder."""
    added = {name: _moved((ROOT / path).read_text()) for path, name in PAGES.items()}
    added["components.md"] = _components()
    added |= _consumers()
    for name, text in added.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links to files of the repository that are no page here become the files' names; the table of
    consumers leads to their pages."""
    if page.file.src_path == "consumers.md":
        markdown = re.sub(r"\]\(#([\w-]+)\) \|", r"](consumers/\1.md) |", markdown)
    here = posixpath.dirname(page.file.src_path)

    def kept(link: re.Match[str]) -> str:
        text, target = link.groups()
        there = posixpath.normpath(posixpath.join(here, target))
        if there.startswith(".."):
            return text
        if text.endswith(".md"):  # a file's name says something in the repository alone
            text = _title(there.partition("#")[0]) or text
        return f"[{text}]({target})"

    return re.sub(r"(?<!!)\[([^\]]+)\]\(((?!https?:|#)[^)\s]*)\)", kept, markdown)


def _title(path: str) -> str:
    """What a page of this folder is called."""
    file = ROOT / "docs" / path
    found = re.search(r"^# (.+)$", file.read_text(), re.MULTILINE) if file.is_file() else None
    return found[1] if found else ""


def _moved(text: str) -> str:
    """A page of the root, its links as they are from here."""
    text = text.replace("](docs/", "](")
    for path, name in PAGES.items():
        text = re.sub(rf"\]\({path.removesuffix('.md')}(\.md)?\)", f"]({name})", text)
    return re.sub(r"\]\(LICENSE\)", "](https://www.apache.org/licenses/LICENSE-2.0)", text)


def _components() -> str:
    source = (ROOT / "components/object_access/__init__.py").read_text()
    names = re.findall(r"^    from \.(\S+) import (\w+) as", source, re.MULTILINE)
    listed = [
        f"::: object_access.{home}.{name}" for home, name in names if not home.startswith("_")
    ]
    return "\n\n".join(["# Components", *listed])


def _consumers() -> dict[str, str]:
    """A page for each consumer: what `object-access consumers NAME --format markdown` says."""
    sys.path[:0] = [str(ROOT), str(ROOT / "components")]
    from stacks import consumers, explain

    return {
        f"consumers/{name}.md": re.sub("^#", "", explain.one(each, "markdown"), flags=re.MULTILINE)
        for name, each in consumers.load().items()
    }
