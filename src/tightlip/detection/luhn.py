"""The check digit of payment card numbers (ISO/IEC 7812-1, annex B)."""

from __future__ import annotations

_DIGITS = frozenset("0123456789")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` stands alone as a number and its check digit is right.

    Spaces and hyphens between the digits do not count. A digit, letter, or decimal point on
    either side makes it a piece of something longer. Numbers of one repeated digit are none.
    """
    before, after = text[start - 1 : start] if start else "", text[end : end + 2]
    if before and (before.isalnum() or before in "_.-"):
        return False
    if after and (
        after[0].isalnum() or after[0] == "_" or (after[0] in ".-" and after[1:].isalnum())
    ):
        return False
    digits = [int(character) for character in text[start:end] if character in _DIGITS]
    if len(set(digits)) <= 1:
        return False
    total = sum(digits[-1::-2]) + sum(_DOUBLED[digit] for digit in digits[-2::-2])
    return total % 10 == 0
