"""Exception text: what an exception says, and whether it says enough to be known again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from http import HTTPStatus

from tightlip.detection.note import LONGEST_TEXT, SHORTEST_FOREIGN_TEXT, SHORTEST_TEXT, Note, Words
from tightlip.expression import expression
from tightlip.slots import arguments_of, attributes_of

_MOST_ARGUMENTS = 8
_ATTRIBUTES = ("detail", "msg", "message", "reason")

QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_WORD = expression(r"[^\W\d_]{2}")
_CODE = expression(r"[:;=\[\](){}<>'\"`_/\\|*#@]")
_CODE_IN_A_KEY = expression(r"[=\[\]{}<>]")
_QUOTED = expression(r"(['\"])(?s:.*)\1\Z")
_SPACELESS = expression("[\u0e00-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7ff]")
"""A character of a script without spaces: Thai to Myanmar, Khmer, Chinese, Japanese, Korean."""

_STATUS = expression(r"[1-5]\d\d:? ")
_WEB = expression(r"(?i:https?|wss?|ftp|urn)://")
_EDGES = ".,:;!?()'\"` "

_MOST_COMMON_WORDS = 8
_COMMON_WORDS = """
    a access account address again already an and are argument authentication authorization bad
    be been body by can cannot conflict content could credentials data denied do does email
    empty entity entry error exist exists expired failed failure field file forbidden found has
    have header id in input internal invalid is it item key later length link login long many
    match message method missing must name no not of on operation or order out page parameter
    password path permission permitted please product query range rate record request required
    resource response result route server service short sign something supported that the this
    time timeout to token too try type unauthorized unavailable unknown unsupported url user
    username valid value was went with wrong you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_COMMON_TEXTS = frozenset(
    text.casefold()
    for text in (
        *(status.phrase for status in HTTPStatus),
        *(status.description for status in HTTPStatus),
        *(os.strerror(number) for number in errno.errorcode),
    )
)


def texts_of(note: Note) -> tuple[str, ...]:
    """Return the texts by which the exception of `note` would be known, each of 2,048 characters.

    They are: what `str()` gives; the first argument that says something, also in a tuple; and the
    attributes `detail`, `msg`, `message`, `reason`. Only arguments and attributes that are exact
    strings count. Arguments after that one are values to go with it, and so are a key that was
    not found, a string that could not be encoded, and a source that could not be read: they are
    data, which an answer may hold with every right.

    `str()` runs foreign code here, at most once for each note. What it raises, also by recursion,
    and what is no string, counts as no text.
    """
    if note.texts is None:
        note.texts = tuple(dict.fromkeys(_texts(note)))
    return note.texts


def tells(text: str) -> bool:
    """Tell whether `text` is more than a word, a name, an identifier, or what everyone says.

    It has at least 12 characters and two words; or is the address of something that is not on
    the web; or is of a script without spaces. Common are the phrases of HTTP and of the operating
    system, and sentences of up to eight words that all stand in a list.
    """
    core = text.strip().strip(QUOTES)
    if len(core) < SHORTEST_TEXT:
        return len(_SPACELESS.findall(core)) >= SHORTEST_FOREIGN_TEXT
    tokens = core.split()
    if len(tokens) == 1:
        if "://" in core:
            return _WEB.match(core) is None
        return len(_SPACELESS.findall(core)) >= SHORTEST_FOREIGN_TEXT
    words = [token for token in tokens if _WORD.search(token)]
    if len(words) < 2:  # noqa: PLR2004 - two words are the least that can be a sentence
        return False
    return not (_is_name(core, words) or _is_common(core, tokens))


def _is_name(text: str, words: list[str]) -> bool:
    """Tell whether `text` could be the name of a person or a thing."""
    return _CODE.search(text) is None and not any(word[0].islower() for word in words)


def _is_common(text: str, tokens: list[str]) -> bool:
    plain = _STATUS.sub("", text, count=1).rstrip(".!").casefold()
    if plain in _COMMON_TEXTS:
        return True
    if len(tokens) > _MOST_COMMON_WORDS or not text.isascii():
        return False
    # What holds a digit is an identifier.
    spoken = (token.strip(_EDGES) for token in tokens if not any(map(str.isdigit, token)))
    return all(word.lower() in _COMMON for word in spoken if word)


def _texts(note: Note) -> Iterator[str]:
    exception = note.exception
    words = note.words
    if words is not None:
        exception = _made_again(note.cls, words)
    if exception is None:
        return
    said = _string_of(exception).strip()
    if issubclass(note.cls, KeyError) and _QUOTED.match(said):
        # Whoever looks up a sentence, as translations are, raises it wherever there is none.
        if _CODE_IN_A_KEY.search(said[1:-1]):
            yield said[:LONGEST_TEXT]
        return
    yield said[:LONGEST_TEXT]
    if not issubclass(note.cls, (UnicodeError, SyntaxError)):
        yield from _first_telling(arguments_of(exception), said)
    if words is None:
        yield from _attributes(exception)


def _made_again(cls: type[BaseException], words: Words) -> BaseException | None:
    try:
        return cls(*words)
    except Exception:  # its arguments were changed into what its class does not take
        return None


def _string_of(exception: BaseException) -> str:
    try:
        # Longer than what is compared, so that no space at its start is all that is left.
        return str.__getitem__(str(exception), slice(2 * LONGEST_TEXT))
    except BaseException:  # foreign code raises what it likes; there is no text then
        return ""


def _first_telling(arguments: Words, said: str) -> Iterator[str]:
    if len(arguments) == 1 and type(arguments[0]) is str and arguments[0] == said:
        return
    for argument in arguments[:_MOST_ARGUMENTS]:
        if type(argument) is str:
            values: Words = (argument,)
        elif type(argument) is tuple:
            values = argument[:_MOST_ARGUMENTS]
        else:
            continue
        for value in values:
            if type(value) is str and tells(text := value[: 2 * LONGEST_TEXT].strip()):
                yield text[:LONGEST_TEXT]
                return


def _attributes(exception: BaseException) -> Iterator[str]:
    try:
        attributes = attributes_of(exception)
        values = [dict.get(attributes, name) for name in _ATTRIBUTES]
    except Exception:  # the keys of a damaged exception may be foreign
        return
    for value in values:
        if type(value) is str:
            yield value[: 2 * LONGEST_TEXT].strip()[:LONGEST_TEXT]
