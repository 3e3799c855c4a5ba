from __future__ import annotations

import json
import sqlite3
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tightlip.detection import echo, raises
from tightlip.detection.echo import MOST_PLACES, RULE, judge
from tightlip.detection.encoding import JSON
from tightlip.detection.exception_text import tells
from tightlip.detection.raises import open_notebook
from tightlip.findings.finding import Category, Finding

SECRET = "ledger 7 is locked by the night run"
START = "ledger 7 is locked by the night"


class Trouble(Exception):
    pass


class Declared(Exception):
    pass


def is_declared(exception):
    return isinstance(exception, Declared)


def judged(texts, *exceptions, known=(), declared=is_declared):
    """Judge `texts` after `exceptions` have come to the edge."""
    with open_notebook() as notebook:
        for exception in exceptions:
            notebook.add(exception)
        return judge(texts, notebook, known, is_declared=declared)


def found(text, *exceptions, **options):
    """Return the pieces of `text` that are found to be an echo."""
    echoes = judged([text], *exceptions, **options)
    return [text[echo.finding.start : echo.finding.end] for echo in echoes]


def raised_by(function, *arguments):
    with pytest.raises(Exception) as caught:
        function(*arguments)
    return caught.value


# What is found


@pytest.mark.parametrize("kind", [ValueError, Trouble])
def test_an_echo_names_the_raise(kind):
    def fail():
        raise kind(SECRET)

    (one,) = judged(["fine", f"error: {SECRET}!"], raised_by(fail))
    assert one.finding == Finding(RULE, Category.EXCEPTION_ECHO, 7, 7 + len(SECRET))
    assert one.index == 1
    assert one.file == __file__
    assert one.line == fail.__code__.co_firstlineno + 1
    assert one.function == "test_an_echo_names_the_raise.<locals>.fail"
    assert one.exception == {ValueError: "ValueError", Trouble: f"{__name__}.Trouble"}[kind]


def test_an_echo_of_what_was_never_raised_names_its_class():
    (one,) = judged([SECRET], Trouble(SECRET))
    assert (one.file, one.line, one.function) == (None, None, None)
    assert one.exception == f"{__name__}.Trouble"


@pytest.mark.parametrize(
    "body",
    [
        SECRET,
        f'{{"error":"{SECRET}"}}',
        repr(Trouble(SECRET)),
        f"<p>{SECRET}</p>",
        json.dumps({"deep": [{"inside": f"({SECRET})"}]}),
    ],
)
def test_an_echo_is_found_wherever_it_stands(body):
    assert found(body, Trouble(SECRET)) == [SECRET]
    assert found(body.encode(), Trouble(SECRET)) == [SECRET.encode()]


def test_an_echo_with_a_character_that_json_writes_in_two_halves_is_found():
    said = "the 😀 ledger refuses what gnome seven 😀 wrote"
    body = JSON.decode(json.dumps({"note": said}).encode())
    assert found(body, Trouble(said)) == [said.encode()]


CHANGED = {
    "upper case": str.upper,
    "a capital": str.capitalize,
    "a title": str.title,
    "no quotation marks": lambda text: text.replace('"', ""),
    "other quotation marks": lambda text: text.replace('"', "\u201d"),
    "other spaces": lambda text: text.replace(" ", "\u00a0"),
    "underscores": lambda text: text.replace(" ", "_"),
    "one line": lambda text: " ".join(text.split()),
    "its words": lambda text: json.dumps(text.split(), ensure_ascii=False),
    "what ASCII has": lambda text: text.encode("ascii", "ignore").decode(),
    "what ASCII has, and marks": lambda text: text.encode("ascii", "replace").decode(),
    "cut short": lambda text: text.upper()[:40],
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize("dress", [str, str.encode], ids=["text", "octets"])
def test_an_echo_is_found_however_its_letters_are_written(change, dress):
    said = 'gnome ledger refuses "seven" barrels for Müller\n  and the keys of the cellar'
    changed = change(said)
    (piece, *_) = found(dress(f"<i>{changed}</i>"), Trouble(said))
    assert piece == dress(changed.strip('[]"'))


def test_an_echo_in_latin_1_is_found():
    said = "gnome ledger refuses seven barrels for Müller's inn"
    assert found(f"<i>{said}</i>".encode("latin-1"), Trouble(said)) == [said.encode("latin-1")]


def test_a_few_letters_prove_nothing():
    assert found("ROW 4711 IS LOCKED", Trouble("row 4711 is locked")) == []
    assert found("ROW 471123 IS LOCKED TWICE", Trouble("row 471123 is locked twice")) != []


@pytest.mark.parametrize(
    "code", ["GNOME_LEDGER_NOT_IN_CELLAR", "gnome-ledger-not-in-cellar", "GnomeLedgerNotInCellar"]
)
@pytest.mark.parametrize("dress", [str, str.encode], ids=["text", "octets"])
def test_a_code_that_is_named_as_the_exception_is_worded_is_no_echo(code, dress):
    trouble = Trouble("Gnome ledger not in cellar")
    assert found(dress(json.dumps({"code": code})), trouble) == []
    assert found(dress(code), trouble) == []
    assert found(dress(json.dumps([code] * 100)), trouble) == []
    around = [f"{code}_{SECRET}", f"x-{code}", f"{code}7"]
    assert all(found(dress(text), trouble) == [dress(code)] for text in around)


@pytest.mark.parametrize(
    "said",
    [
        "Gnome ledger not in cellar 7",
        "Gnome ledger 'not in' cellar",
        "Gnome ledger is neither in the cellar nor in the attic",
    ],
)
def test_a_name_with_a_value_or_of_a_whole_sentence_is_an_echo(said):
    text = said.replace(" ", "_").upper()
    assert found(f"<i>{text}</i>", Trouble(said)) == [text]


def test_what_the_client_sent_does_not_count_in_another_case():
    assert found(SECRET.title(), Trouble(SECRET), known=[SECRET.upper()]) == []
    assert found(SECRET.title(), Trouble(SECRET), known=["else"]) == [SECRET.title()]


def test_every_place_of_an_echo_is_found():
    assert found(f"{SECRET} {SECRET}, {SECRET}", Trouble(SECRET)) == [SECRET] * 3


def test_a_clean_answer_has_no_echo():
    assert judged(["Item not found", b'{"id": 7}', ""], Trouble(SECRET)) == ()


def test_where_nothing_was_raised_no_text_is_read():
    class Unread:
        def __iter__(self):
            raise AssertionError("the texts were read")

    assert judged(Unread()) == ()
    assert judged(Unread(), Trouble("short"), KeyError("content-type")) == ()


def test_a_closed_notebook_has_no_echo():
    with open_notebook() as notebook:
        notebook.add(Trouble(SECRET))
    assert judge([SECRET], notebook, is_declared=is_declared) == ()


def test_places_in_bytes_are_counted_in_bytes():
    text = "größte Fehler: Schlüssel »ä« ist doppelt vergeben, größer geht's nicht"
    message = "Schlüssel »ä« ist doppelt vergeben"
    assert found(text, Trouble(message)) == [message]
    assert found(text.encode(), Trouble(message)) == [message.encode()]


def test_an_end_in_bytes_cuts_no_character():
    # The first bytes of both last characters are the same.
    assert found("Fehler: Schlüssel doppelt: ä".encode(), Trouble("Schlüssel doppelt: ö")) == []
    long = "der Schlüssel ist doppelt vergeben und die Buchung ist gesperrt, siehe "
    assert found((long + "ä").encode(), Trouble(long + "ö")) == [long.encode()]


LONG = "could not write row 4711 of the ledger that the night run has locked since two o'clock"


def test_a_text_cut_short_is_found():
    assert found(f"error: {LONG[:70]}...", Trouble(LONG)) == [LONG[:70]]
    assert found(f"error: {LONG[:40]}...", Trouble(LONG)) == [LONG[:40]]
    assert found(f"error: {LONG[:30]}...", Trouble(LONG)) == []


def test_a_text_longer_than_what_is_kept_is_found():
    text = "row 4711 is locked; " * 1000
    assert found(text[:4000], Trouble(text))[0] == text[:2048].rstrip()


LINES = """\
(psycopg.errors.UniqueViolation) duplicate key value violates unique constraint "users_email_key"
DETAIL:  Key (email)=(ann@shop.example) already exists.
[SQL: INSERT INTO users (email) VALUES (%(email)s)]
    Hello nice world, this is data
(Background on this error at: https://sqlalche.me/e/20/gkpj)"""


def test_lines_are_found_together():
    assert found(f"<{LINES}>", Trouble(LINES)) == [LINES]


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_lines_are_found_each(number):
    line = LINES.splitlines()[number]
    assert found(f"<{line}>", Trouble(LINES)) == [line]
    html = LINES.replace("\n", "<br>")
    assert line in found(html, Trouble(LINES))


def test_a_line_that_is_indented_quotes_data():
    assert found(LINES.splitlines()[3], Trouble(LINES)) == []
    assert found(LINES.splitlines()[3].strip(), Trouble(LINES)) == []


def test_of_a_longer_and_a_shorter_echo_the_longer_is_told():
    driver = Trouble('duplicate key value violates unique constraint "users_email_key"')
    wrapper = ValueError(f"(UniqueViolation) {driver}\n[SQL: INSERT INTO users]")
    (one,) = judged([f"error: {wrapper}"], driver, wrapper)
    assert one.exception == "ValueError"
    assert found(f"error: {driver}", driver, wrapper) == [str(driver)]


def test_of_two_that_say_the_same_the_first_is_named():
    def first():
        raise Trouble(SECRET)

    def second():
        try:
            first()
        except Trouble as trouble:
            error = trouble
        raise ValueError(str(error))

    with open_notebook() as notebook:
        error = raised_by(first)
        notebook.add(error)
        notebook.add(raised_by(second))
        (one,) = judge([SECRET], notebook, is_declared=is_declared)
    assert one.exception == f"{__name__}.Trouble"


def test_a_real_driver_is_found():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table users (email text unique)")
    connection.execute("insert into users values ('ann@shop.example')")
    error = raised_by(connection.execute, "insert into users values ('ann@shop.example')")
    connection.close()
    (one,) = judged(['{"detail": "UNIQUE constraint failed: users.email"}'], error)
    assert one.exception == "sqlite3.IntegrityError"


# What does not count


@pytest.mark.parametrize(
    "text",
    [
        "not found",
        "Item not found",
        "Internal Server Error",
        "3f2c9a1e-77aa-4c0e-9b1d-08d1f2f6a111",
    ],
)
def test_commonplaces_and_identifiers_do_not_count(text):
    assert found(f'{{"error": "{text}"}}', ValueError(text), Trouble(text)) == []


@pytest.mark.parametrize("known", [SECRET, f"q={SECRET}&page=2", SECRET.encode(), f"ä {SECRET}"])
def test_what_the_client_sent_does_not_count(known):
    assert found(f"no results for {SECRET}", Trouble(SECRET), known=["x", known]) == []
    assert found(f"no results for '{SECRET}'", Trouble(repr(SECRET)), known=[known]) == []


def test_what_the_client_sent_in_part_counts():
    assert found(SECRET, Trouble(SECRET), known=[SECRET[:-1], SECRET[1:]]) == [SECRET]
    text = f"{SECRET}: {SECRET}: {SECRET} cannot be booked"
    assert found(f"<{text}>", Trouble(text), known=[text[:-1]]) == [text]
    assert found(f"<{text[:-1]}>", Trouble(text), known=[text[:-1]]) == []
    assert found(f"<{text}>".encode(), Trouble(text), known=[text[:-1].encode()]) == [text.encode()]


def test_bytes_that_are_no_text_may_be_known():
    assert found(SECRET, Trouble(SECRET), known=[b"\xff\xfe", b"\xff" + SECRET.encode()]) == []


def test_what_the_client_sent_is_read_once_and_only_where_something_is_found():
    def known():
        asked.append(1)
        yield "nothing of it"

    asked = []
    assert judged(["clean"], Trouble(SECRET), known=known()) == ()
    assert asked == []
    assert (
        len(judged([SECRET, SECRET], Trouble(SECRET), Trouble("another " + SECRET), known=known()))
        == 2
    )
    assert asked == [1]


def test_declared_words_do_not_count():
    assert found(SECRET, Declared(SECRET)) == []
    assert found(SECRET, Declared(SECRET), Trouble(SECRET)) == []
    assert found(SECRET, Trouble(SECRET), Declared("the ledger is closed today")) == [SECRET]


def test_declarations_are_asked_for_where_something_is_found_and_of_no_built_in_exception():
    def declared(exception):
        asked.append(exception)
        return False

    asked = []
    trouble = Trouble(SECRET)
    assert found("clean", trouble, ValueError(SECRET), declared=declared) == []
    assert asked == []
    assert found(SECRET, trouble, ValueError(SECRET), declared=declared) == [SECRET]
    assert asked == [trouble]


def test_a_declaration_that_cannot_be_had_is_none():
    def declared(exception):
        raise RuntimeError("broken")

    assert found(SECRET, Trouble(SECRET), declared=declared) == [SECRET]


# Bounds


def test_of_many_places_the_last_that_is_told_reaches_to_the_end():
    text = f"{SECRET}; " * 1000
    echoes = judged([text], Trouble(SECRET))
    assert len(echoes) == MOST_PLACES
    assert echoes[0].finding.end == len(SECRET)
    assert echoes[-1].finding.end == len(text)
    assert (
        len(judged([text[: (len(SECRET) + 2) * (MOST_PLACES - 1)]], Trouble(SECRET)))
        == MOST_PLACES - 1
    )


def test_of_many_exceptions_the_last_lines_are_looked_for():
    def lines(number):
        return "\n".join(f"line {line} of trouble {number} is this" for line in range(6))

    with open_notebook() as notebook:
        for number in range(40):
            notebook.add(Trouble(lines(number)))
        text = "\n\n".join(lines(number) for number in range(40))
        pieces = [
            text[one.finding.start : one.finding.end]
            for one in judge([text], notebook, is_declared=is_declared)
        ]
    assert pieces == [lines(number) for number in range(24, 40)]


@pytest.mark.parametrize("dress", [str, str.encode])
def test_only_so_much_is_read(monkeypatch, dress):
    monkeypatch.setattr(echo, "_MOST_WORK", 1000)
    assert len(judged([dress("x" * (1000 - len(SECRET)) + SECRET)], Trouble(SECRET))) == 1
    assert judged([dress("x" * (1001 - len(START)) + SECRET)], Trouble(SECRET)) == ()
    assert judged([dress("x" * 1000), dress(SECRET)], Trouble(SECRET)) == ()
    assert len(judged([dress("x" * 900), dress(SECRET)], Trouble(SECRET))) == 1
    two = [Trouble(SECRET), Trouble("another " + SECRET)]
    assert judged([dress("x" * 480 + SECRET)], *two) == ()
    assert len(judged([dress("x" * 400 + SECRET)], *two)) == 1


def test_a_place_that_reaches_to_the_end_covers_what_was_not_read(monkeypatch):
    monkeypatch.setattr(echo, "_MOST_WORK", 3000)
    text = f"{SECRET}; " * 1000
    assert judged([text], Trouble(SECRET))[-1].finding.end == len(text)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@given(before=WORDS, message=WORDS, after=WORDS)
def test_any_message_that_tells_is_found_in_any_text(before, message, after):
    text = before + message + after
    line = (message.strip().splitlines() or [""])[0].rstrip()
    pieces = found(text, Trouble(message), known=[])
    octets = found(text.encode(), Trouble(message), known=[])
    assert [piece.decode() for piece in octets] == pieces
    if tells(line):
        assert any(line in piece for piece in pieces)


@given(text=WORDS, message=WORDS)
def test_what_is_found_is_what_was_said(text, message):
    for piece in found(text, Trouble(message)):
        assert piece in message


# From the raise to the echo


@pytest.fixture
def told():
    if not raises.start():
        pytest.skip("the interpreter tells no raises")
    yield
    raises.stop()


def test_an_exception_that_never_came_to_the_edge_is_found(told):
    def handler():
        with suppress(KeyError):
            {}["a"][0]
        try:
            return {"ok": 1 // 0}
        except ZeroDivisionError as error:
            return {"ok": False, "why": str(error)}

    with open_notebook() as notebook:
        body = json.dumps(handler())
        (one,) = judge([body], notebook, is_declared=is_declared)
    assert body[one.finding.start : one.finding.end] == "integer division or modulo by zero"
    assert one.exception == "ZeroDivisionError"
    assert (
        one.function
        == f"{test_an_exception_that_never_came_to_the_edge_is_found.__name__}.<locals>.handler"
    )
    assert one.line == handler.__code__.co_firstlineno + 4


def test_translations_that_are_missing_are_no_echo(told):
    catalog = {}

    def translate(message):
        try:
            return catalog[message]
        except KeyError:
            return message

    with open_notebook() as notebook:
        page = f"<button onclick=\"confirm('{translate('Delete this account for good?')}')\">"
        page += f'<p title="{translate("This cannot be undone, it is for good")}">'
        assert judge([page], notebook, is_declared=is_declared) == ()
