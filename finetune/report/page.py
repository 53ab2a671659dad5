"""Makes of a report in Markdown one HTML file with its pictures inside: to send on, to read anywhere."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from finetune.report.pictures import DOTS_PER_INCH
from finetune.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

STYLE = """
:root { color-scheme: light dark; --text: #1d2430; --soft: #5b6472; --line: #d9dee5; --page: #fff;
  --band: #f5f7f9; --link: #2f6fb0; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e7eb; --soft: #a3acb8; --line: #3a424d;
  --page: #15191f; --band: #1d232b; --link: #7db3ea; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem clamp(0.9rem, 4vw, 2.5rem) 4rem; max-width: 60rem; color: var(--text);
  background: var(--page); font: 16px/1.55 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0.6rem 0; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.7rem; padding-bottom: 0.25rem;
  border-bottom: 1px solid var(--line); }
nav { margin: 1rem 0; font-size: 0.9rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; }
a { color: var(--link); text-decoration: none; }
code { font-size: 0.92em; background: var(--band); padding: 0.1em 0.3em; border-radius: 3px;
  overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
.wide { overflow-x: auto; margin: 0.8rem 0; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  max-width: 28rem; }
td:first-child, th { white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
tbody tr:nth-child(even) { background: var(--band); }
td.long { min-width: 14rem; white-space: normal; }
img { display: block; max-width: 100%; height: auto; margin: 1rem 0; padding: 0.5rem; background: #fff;
  border: 1px solid var(--line); border-radius: 6px; }
@media (max-width: 40rem) { img.broad { max-width: none; width: 36rem; } }
@media print { :root { --text: #000; --soft: #444; --line: #bbb; --page: #fff; --band: #fff; }
  body { font-size: 10.5pt; max-width: none; padding: 0; } nav { display: none; }
  h2 { break-after: avoid; } img, tr { break-inside: avoid; } img { max-height: 20cm; border: 0; padding: 0; }
  .wide { overflow: visible; } td:first-child { white-space: normal; } }
"""
LONG_CELL = 40
BROAD = 600
SHOWN_PER_INCH = 100  # CSS pixels: the same size of letters in every picture, and sharp on a fine screen


def write_page(markdown: Path) -> None:
    """Write report.html beside report.md."""
    text = markdown.read_text(encoding="utf-8")
    write_text(markdown.with_suffix(".html"), page(text, markdown.parent))


def page(text: str, folder: Path) -> str:
    """Turn Markdown into a page; pictures are read from the folder and put inside, nothing is fetched."""
    reader = markdown_reader()
    tokens = reader.parse(text)
    title = next((plain(one) for one in tokens if one.type == "inline"), "Report")
    links = number_headings(tokens)
    for token in tokens:
        embed_pictures(token.children or (), folder)
    mark_long_cells(tokens)
    body = reader.renderer.render(tokens, reader.options, {})
    body = body.replace("<p><img", '<p class="wide"><img')
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    first, _, rest = body.partition("</h1>")
    head = '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    head += f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    return f"{head}{first}</h1>\n<nav>{links}</nav>{rest}</body>\n</html>\n"


def markdown_reader() -> MarkdownIt:
    """Set up the reader: plain Markdown and tables; HTML in a text is shown, not obeyed."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - for those who report

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def plain(inline: Token) -> str:
    """Give the text of a heading without its Markdown: *new* is new."""
    return "".join(one.content for one in inline.children or ())


def number_headings(tokens: Sequence[Token]) -> str:
    """Give the second-level headings addresses; return the links to them."""
    links: list[str] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            token.attrSet("id", f"part-{len(links) + 1}")
            links.append(f'<a href="#part-{len(links) + 1}">{escape(plain(tokens[at + 1]))}</a>')
    return " ".join(links)


def embed_pictures(tokens: Sequence[Token], folder: Path) -> None:
    """Replace a picture's address by its contents."""
    for token in tokens:
        if token.type == "image":
            contents = (folder / str(token.attrs["src"])).read_bytes()
            token.attrSet("src", "data:image/png;base64," + b64encode(contents).decode())
            width = round(png_width(contents) * SHOWN_PER_INCH / DOTS_PER_INCH)
            token.attrSet("width", str(width))
            token.attrSet("class", "broad" if width > BROAD else "narrow")


def png_width(contents: bytes) -> int:
    """Read a PNG's width in dots from its head."""
    return int.from_bytes(contents[16:20], "big")


def mark_long_cells(tokens: Sequence[Token]) -> None:
    """Let cells with long texts wrap, and be wide enough to be read on a phone."""
    for cell, inside in pairwise(tokens):
        if cell.type == "td_open" and len(inside.content) > LONG_CELL:
            cell.attrSet("class", "long")
