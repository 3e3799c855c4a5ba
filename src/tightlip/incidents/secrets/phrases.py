"""Phrases: several words behind a secret's name may be one secret, or the rest of a sentence."""

from __future__ import annotations

from tightlip.expression import expression

# Words that stand in sentences, and seldom in a phrase that somebody made up for a secret.
_IN_SENTENCES = """
    a an the this that which who no not only already yet still never it its you your we our they
    their my his her he she if then so because here there again please
    of in on at for from to by with without as and or but while when after before during since
    until between against under over into out per via than
    is was were are be been has have had does did do will would must may might can cannot could
    should shall need needs try choose use contain contains least most more too long short
    failed fails missing expired expires invalid revoked refused rejected denied accepted allowed
    required expected found sent received issued created deleted removed lost closed ended started
    stored loaded read written matched changed used reused blocked locked full empty unknown
    verification validation check mismatch error failure timeout expiry end input format type
    length signature claim header cookie store key user client server field value characters
    letters digits login host
    ist war nicht und oder von mit im der die das ein eine muss darf kein keine
    est pas et ou pour de du la le les un une es no y el los las para con non
""".split()  # noqa: SIM905 - a column of words reads better than a list of quoted ones
_PROSE = "|".join(_IN_SENTENCES)
# What stands under these is made by machines: a word that others follow is the rest of a log line.
_NEVER_WORDS = frozenset(
    {"auth", "csrf", "xsrf", "session", "sessions", "otp", "totp", "mfa", "jwt", "token", "tokens"}
)
_NEVER_PHRASES = _NEVER_WORDS - {"token", "tokens"}
_SENTENCE = expression(
    rf"(?<=: )(?:[A-Za-z][a-z]{{1,14}},? (?:(?i:{_PROSE})\b|\d{{1,9}}(?![\w-]))"
    rf"|(?i:{_PROSE}),? [a-z]{{2}})"
)
# InvalidToken, bad_signature: exceptions are called so.
_FAULTS = ("bad", "expired", "invalid", "missing", "unknown", "wrong")
_MORE_WORDS = expression(
    rf"(?:[ ](?!(?i:{_PROSE})\b)[^\W\d_]{{2,12}}+(?![\w.=:/@(\[{{-])){{1,23}}+"
)
_ENDS = frozenset("\n\r\"'\\\x00")
_FEWEST_AFTER_A_COLON = 2
_FEWEST_AFTER_A_SIGN = 3


def is_of_sentences(word: str) -> bool:
    """Tell whether `word` stands in sentences, and is seldom a secret or a part of one."""
    return word.lower().rstrip(".,:;!") in _IN_SENTENCES


def begins_sentence(name: str, text: str, start: int) -> bool:
    """Tell whether what follows `name`, and begins at `start`, is a sentence and no secret.

    Args:
        name: The name, in small letters.
        text: The text.
        start: Where the first word behind the name begins.
    """
    if name not in _NEVER_WORDS and not name.rpartition(".")[2].startswith(_FAULTS):
        return False
    return _SENTENCE.match(text, start) is not None


def phrase_end(name: str, text: str, start: int, end: int) -> int:
    """Return where the secret ends whose first word stands between `start` and `end`.

    Where no more words belong to it, that is `end`.

    Args:
        name: The name before it, in small letters.
        text: The text.
        start: Where its first word begins.
        end: Where that ends.
    """
    if name in _NEVER_PHRASES or not text[start:end].isalpha():
        return end
    more = _MORE_WORDS.match(text, end)
    if more is None:
        return end
    has_colon = text.endswith(": ", 0, start)
    fewest = _FEWEST_AFTER_A_COLON if has_colon else _FEWEST_AFTER_A_SIGN
    is_whole_line = has_colon and (more.end() == len(text) or text[more.end()] in _ENDS)
    return more.end() if is_whole_line or more[0].count(" ") >= fewest else end
