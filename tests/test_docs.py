"""The documentation holds together: links and anchors resolve, and every page is in the index."""

import collections
import functools
import itertools
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]
_EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@functools.cache
def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def tokens(text: str) -> list[Token]:
    """All tokens of a page, inline ones included; code blocks and code spans hold no links."""
    return [token for block in parsed(text) for token in (block, *(block.children or ()))]


def links(text: str) -> list[str]:
    found = []
    for token in tokens(text):
        found += [str(token.attrs[key]) for key in ("href", "src") if key in token.attrs]
        if token.type in ("html_block", "html_inline"):
            found += re.findall(r'(?:href|src)="([^"]*)"', token.content)
    return found


def anchors(text: str) -> set[str]:
    """Anchors that GitHub gives the headings of a page."""
    seen: collections.Counter[str] = collections.Counter()
    found = set()
    for opening, inline in itertools.pairwise(parsed(text)):
        if opening.type == "heading_open":
            title = "".join(
                child.content for child in inline.children or () if child.type in ("text", "code_inline")
            )
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return found


def broken(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead nowhere."""
    found = []
    for link in links(text):
        if _EXTERNAL.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            found.append(link)
            continue
        if anchor and anchor not in anchors(text if target == page else target.read_text()):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_and_anchor_resolves(page):
    assert broken(page, page.read_text()) == []


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    assert {page.name for page in DOCS} - {index.name} <= set(links(index.read_text()))


@pytest.mark.parametrize(
    "link",
    [
        "missing.md",
        "README.md#missing",
        "#missing",
        "images/missing.png",
        "../missing/",
        "glossary.md#README",
    ],
)
def test_a_link_that_leads_nowhere_is_found(link):
    page = ROOT / "docs" / "README.md"
    for text in (f"[text]({link})", f"| [`text`]({link}) |\n|---|", f'<img src="{link}">'):
        assert broken(page, text) == [link]


def test_links_in_code_are_not_links():
    page = ROOT / "docs" / "README.md"
    assert (
        broken(page, "`[text](missing.md)`\n\n```\n[text](missing.md)\n```\n\n    [text](missing.md)\n") == []
    )


def test_anchors_are_those_of_github():
    text = "# A `code` title: two, three\n\n## Same\n\n## Same\n\n```\n# not a heading\n```\n"
    assert anchors(text) == {"a-code-title-two-three", "same", "same-1"}
