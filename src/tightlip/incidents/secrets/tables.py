"""Secrets in tables: rows of values below a line of names, and lists below a name."""

from __future__ import annotations

import re

from tightlip.expression import expression
from tightlip.incidents.secrets.found import SCRUBBED, Found
from tightlip.incidents.secrets.names import is_secret_name
from tightlip.incidents.secrets.replacing import replaced, without_spans

_BREAK = expression(r"\r?\n|\\r\\n|\\n")
_SEPARATORS = ("|", "\t", "\\t", ";", ",")
_AROUND_A_NAME = " \"'\\()[]{}"
_NAME = expression(r"[\w.-]{1,60}")
_LAST_NAME = expression(r"[\w.-]{1,60}\Z")
_SETTING = expression(
    r"""[^|]{0,200}?\|[ ]*+[`*]{0,2}(?P<name>[\w.-]{2,60})[`*]{0,2}[ ]*+\|[ ]*+
        (?P<value>[^|\s][^|]{0,500}?)[ ]*+\|[^|]{0,20}""",
    re.VERBOSE,
)
_TWO_CELLS = expression(r"[^|]{0,200}\|[^|]{1,500}\|[^|]{1,500}\|[^|]{0,20}")
_RULE = expression(r"[\s|+:=-]{3,}")
_LONGEST_LINE = 2000
_LONGEST_NAME = 200
_CELLS = {
    separator: expression(
        rf"""[ ]*(?P<mark>\\*["'])(?:(?!(?P=mark)).|(?P=mark)(?P=mark))*(?P=mark)[ ]*
             (?:["'\\](?:(?!{re.escape(separator)}).)*)?(?={re.escape(separator)}|\Z)
           | (?:(?!{re.escape(separator)}).)*""",
        re.DOTALL | re.VERBOSE,
    )
    for separator in _SEPARATORS
}
# The last cell of a row may have more behind it: the end of the text that the table stands in.
_VALUE = expression(
    r"""[ ]*(?: (?P<mark>\\*["'])(?P<quoted>(?:(?!(?P=mark)).|(?P=mark)(?P=mark))+)(?P=mark)
              | (?P<bare>[^\s"'\\]+) )(?:[ ]*|["'\\].*)\Z""",
    re.DOTALL | re.VERBOSE,
)
_VALUE_BETWEEN_BARS = expression(r"""\s*(?P<value>\S.*?)\s*\Z""", re.DOTALL)
# What pandas and many an answer have: {"columns": ["city", "password"], "rows": [["Bern", "…"]]}.
_COLUMNS = expression(
    r"""["'](?:columns|fields|headers?|names)\\*["']:\s?\[(?P<names>[^\[\]\x00]{1,2000})\]
        [^\[\]\x00]{0,60}?["'](?:rows|data|values|records|items)\\*["']:\s?\[""",
    re.VERBOSE,
)
_ROW = expression(r"\s{0,40},?\s{0,40}\[(?P<cells>[^\[\]\x00]{0,4000})\]")
_LIST = expression(
    r"""(?P<name>[\w.-]{2,60})["']?:[ ]{0,4}(?:\r?\n|\\n)
        (?P<items>(?:[ \t]{0,40}-[ ]{1,4}[^\n\\\x00]{1,500}(?:\r?\n|\\n|\Z|(?=\\|\x00))){1,200})""",
    re.VERBOSE,
)
_ITEM = expression(r"-[ ]{1,4}(?P<value>[^\n\\:]{1,500}?)(?=[ \t\r\"']*(?:\n|\\|\Z))")


def without_tables(text: str, found: Found) -> str:
    """Return `text` without the secrets in its tables: CSV, Markdown, JSON, a shell's.

    A table begins with a line of names of which one is a secret's, and goes on as long as lines
    have as many cells.
    """
    if "[[" in text or "[ [" in text:
        text = _without_rows(text, found)
    if "\n" not in text and "\\n" not in text:
        return text
    if "- " in text:
        text = _LIST.sub(lambda items: _without_items(items, found), text)
    # What stands in many texts is joined with zero bytes: no table goes on over one.
    return "\x00".join(
        _without_cells(part, found) if "\n" in part or "\\n" in part else part
        for part in text.split("\x00")
    )


def _without_cells(text: str, found: Found) -> str:
    pieces: list[str] = []
    at = 0
    separator, secret = "", tuple[bool, ...]()
    before = ""
    for end in _BREAK.finditer(text):
        line = text[at : end.start()]
        line, separator, secret = _line(line, before, separator, secret, found)
        pieces += (line, end[0])
        before, at = line, end.end()
    return "".join([*pieces, _line(text[at:], before, separator, secret, found)[0]])


def _line(
    line: str, before: str, separator: str, secret: tuple[bool, ...], found: Found
) -> tuple[str, str, tuple[bool, ...]]:
    """Return a line without its secrets, and what the lines that follow are parted by.

    Args:
        line: The line.
        before: The line before it.
        separator: What parts the cells, if lines before it are a table.
        secret: For each column of that, whether it has secrets.
        found: Gets the secrets.
    """
    if len(line) > _LONGEST_LINE:
        return line, "", ()
    if separator:
        row = _row(line, separator, secret, found)
        if row is not None:
            return row, separator, secret
    setting = _SETTING.fullmatch(line) if "|" in line else None
    # A line of two cells before it: this one is no heading, but a name and what it is set to.
    if setting is not None and _TWO_CELLS.fullmatch(before) and is_secret_name(setting["name"]):
        return without_spans(line, [setting.span("value")], found), "", ()
    return line, *_header(line)


def _header(line: str) -> tuple[str, tuple[bool, ...]]:
    """Return what parts the names of a table, and which are secret; nothing of another line."""
    for separator in _SEPARATORS:
        if separator not in line:
            continue
        cells = [cell.strip(_AROUND_A_NAME) for cell in line.split(separator)]
        inner = cells[1:-1] if separator == "|" else cells[1:]
        if not all(map(_NAME.fullmatch, inner)):
            continue
        # Text may stand before the first name.
        first = _LAST_NAME.search(cells[0])
        if first is None and separator != "|":
            continue
        cells[0] = "" if first is None else first[0]
        secret = tuple(is_secret_name(cell[:_LONGEST_NAME]) for cell in cells)
        if any(secret):
            return separator, secret
    return "", ()


def _row(line: str, separator: str, secret: tuple[bool, ...], found: Found) -> str | None:
    """Return a row of a table without its secrets; None if the line is no row of it."""
    if separator == "|" and _RULE.fullmatch(line):
        return line
    cells: list[str] = []
    at = 0
    while True:
        cell = _CELLS[separator].match(line, at)
        end = len(line) if cell is None else cell.end()
        cells.append(line[at:end])
        at = end + len(separator)
        if end >= len(line):
            break
    if len(cells) != len(secret):
        return None
    values = _VALUE_BETWEEN_BARS if separator == "|" else _VALUE
    for index, text in enumerate(cells):
        if not secret[index] or not text.strip():
            continue
        value = values.match(text)
        if value is None:
            return None
        start, stop = value.span(value.lastgroup or 0)
        if text[start:stop] != SCRUBBED:
            found.add(text[start:stop])
            cells[index] = f"{text[:start]}{SCRUBBED}{text[stop:]}"
    return separator.join(cells)


def _without_rows(text: str, found: Found) -> str:
    pieces: list[str] = []
    at = 0
    for columns in _COLUMNS.finditer(text):
        names = [name.strip(_AROUND_A_NAME) for name in columns["names"].split(",")]
        secret = tuple(is_secret_name(name[:_LONGEST_NAME]) for name in names)
        if columns.end() < at or not any(secret):
            continue
        where = columns.end()
        while (row := _ROW.match(text, where)) is not None:
            start, where = row.start("cells"), row.end()
            without = _row(row["cells"], ",", secret, found)
            if without is not None:
                pieces += (text[at:start], without)
                at = row.end("cells")
    return "".join([*pieces, text[at:]])


def _without_items(items: re.Match[str], found: Found) -> str:
    if not is_secret_name(items["name"]):
        return items[0]
    start = items.start("items") - items.start()
    return f"{items[0][:start]}{replaced(_ITEM, items['items'], found)}"
