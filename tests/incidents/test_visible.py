from __future__ import annotations

import unicodedata

import pytest

from tightlip.incidents.visible import storable, visible_line, visible_text


def test_no_control_format_or_separator_character_of_unicode_stays_in_a_line():
    kept = set()
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}:
            shown = visible_line(character)
            if shown == character:
                kept.add(unicodedata.name(character, hex(code)))
            elif not shown.isascii():
                pytest.fail(f"{shown!r} is not plain")
    # Marks that stand before digits or letters of some scripts; they neither hide nor turn text.
    assert all(
        name.startswith(("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "SHORTHAND", "MUSICAL"))
        for name in kept
    )


def test_a_text_keeps_its_line_breaks_and_tabs_and_nothing_else_unseen():
    assert visible_text("a\n\tb\x1b[2J\r\u202e\x00") == "a\n\tb\\x1b[2J\\r\\u202e\\x00"


def test_ordinary_text_of_any_language_stays():
    text = "Grüße, 你好, שלום, 🙂 ½"
    assert visible_line(text) == text
    assert storable(text) == text


def test_what_utf8_or_a_database_cannot_hold_is_escaped():
    text = storable("a\ud800b\x00c")
    assert text == "a\\ud800b\\x00c"
    assert text.encode()
