from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tightlip.detection.ruleset import load
from tightlip.findings.finding import Category
from tightlip.incidents import scrubbing
from tightlip.incidents.scrubbing import Scrubber, scrub_query, scrub_source
from tightlip.incidents.scrubbing import scrub_text as scrub
from tightlip.incidents.secrets.forms import is_card
from tightlip.incidents.secrets.found import SCRUBBED, Found

PASSWORD = "hunter" + "2-xyz"
JWT = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"sub":"alice","exp":1}',
        b"signature-of-32-bytes-xx",
    )
)
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    + "\n".join(
        base64.b64encode(bytes(range(start, start + 48))).decode() for start in range(0, 200, 48)
    )
    + "\n-----END RSA PRIVATE KEY-----"
)


@pytest.mark.parametrize(
    "text",
    [
        "could not log in with password=%s",
        "could not log in with password = %s for alice",
        "{'user': 'alice', 'password': '%s'}",
        '{"user": "alice", "password": "%s"}',
        r"{\"user\": \"alice\", \"password\": \"%s\"}",
        r"{\\\"password\\\": \\\"%s\\\"}",
        "User(name='alice', password='%s')",
        "[('name', 'alice'), ('password', '%s')]",
        "[(b'authorization', b'%s')]",
        "Authorization: Bearer %s",
        "Authorization: Token %s",
        "Cookie: theme=dark; sessionid=%s",
        "Cookie: %s",
        "x-api-key: %s",
        "postgresql://shop:%s@db.example:5432/shop",
        "redis://:%s@cache.example/0",
        "postgresql://shop:%s@x@db.example/shop",
        "postgresql://db.example/shop?user=shop&password=%s",
        "https://%s.long.enough@git.example/repository",
        "host=db.example user=shop password=%s dbname=shop",
        "host=db.example user=shop password='%s' dbname=shop",
        "Server=db;UID=shop;PWD=%s;Encrypt=yes",
        "user=alice&password=%s&next=/",
        "Key (api_key)=(%s) already exists.",
        "<user><name>alice</name><password>%s</password></user>",
        'Content-Disposition: form-data; name="password"\r\n\r\n%s\r\n--x',
        "UPDATE users SET password = '%s' WHERE id = 3",
        "INSERT INTO users (email, password) VALUES ('a@b.example', '%s')",
        "[SQL: INSERT INTO users (email, password) VALUES (?, ?)]\n[parameters: ('a@b.example', '%s')]",
        "[SQL: INSERT INTO users (email, password) VALUES (?, ?)]\n[parameters: ('a@b.example', '%s')]\n(Background on this error)",
        "[SQL: INSERT INTO users (password) VALUES (%%(password)s)]\n[parameters: {'password': '%s'}]",
        "null value\nDETAIL:  Failing row contains (3, null, %s).\n[SQL: INSERT INTO users (id, email, password_hash)]",
        "SMTP_PASSWORD=%s\nSMTP_HOST=mail.example",
        "client_secret: %s",
        "passwords: ['old', '%s']",
        '{"credentials": {"user": "alice", "phrase": "%s"}}',
        "url=https://shop.example/?token=%s",
        "detail=password=%s",
    ],
)
def test_what_stands_under_a_secret_name_or_in_an_address_is_taken_out_of_a_text(text):
    assert PASSWORD in text % PASSWORD
    assert PASSWORD not in scrub(text % PASSWORD)
    assert SCRUBBED in scrub(text % PASSWORD)


@pytest.mark.parametrize(
    "line",
    [
        "raise Refused('no')  # password=%s",
        "connect(user, password='%s')  # see issue 42",
        'connect("#", token)  # token: %s',
        "# secret: %s",
        'connect("db", password=pydantic.SecretStr("%s"))',
        'connect("db", password=os.environ.get("DATABASE", "%s"))',
        'password: str = "%s"',
    ],
)
def test_a_secret_in_a_string_or_in_the_comment_of_a_source_line_is_taken_out(line):
    assert scrub_source(line % PASSWORD) == line % SCRUBBED


@pytest.mark.parametrize(
    "line",
    [
        "password = ask()  # the token is passed on",
        "marks = '#'.join(token)",
        "text = '''",
        'connect("db", password=settings["password"], token=Field("token"))',
        "return numbers[0]  # no string at all",
    ],
)
def test_a_source_line_without_secrets_stays_as_it_is(line):
    assert scrub_source(line) == line


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        PEM,
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "a1B2" * 9,
        "Bearer " + "mF9xB5f4" + ".1JqMaa20xyz",
        "Basic " + base64.b64encode(b"shop:" + PASSWORD.encode()).decode(),
        "4111 1111" + " 1111 1111",
        "55555555" + "55554444",
        "$2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
        "$argon2id$v=19$m=65536,t=3,p=4$" + "c29tZXNhbHQ" + "$RdescudvJCsgt3ub+b4dWRWJTmaaQ",
        "pbkdf2_sha256$" + "600000$c2FsdHNhbHQ$" + "aGFzaGhhc2hoYXNoaGFzaA=",
        "scrypt$" + "09e69dd2ab0589561bf24447215a3083$" + "51d1279055b4eb9c4d5a564e9e45c822",
        "bcrypt_sha256$$2b$12$" + "c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$" + "c2FsdHNhbHQ$" + "aGFzaGhhc2hoYXNo",
        "sha1$" + "c2FsdHNhbHQ$" + "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
    ],
)
def test_what_has_the_form_of_a_secret_is_taken_out_of_a_text(secret):
    text = f"upstream said no to {secret}, twice"
    scrubbed = scrub(text)
    assert secret not in scrubbed
    assert secret[-12:] not in scrubbed
    assert scrubbed.startswith("upstream said no to ")
    assert scrubbed.endswith(", twice")


@pytest.mark.parametrize(
    "text",
    [
        "could not place order 4711 for alice@example.org",
        "connection to 10.0.0.5:5432 refused",
        "GET https://shop.example:8443/orders?page=2&sort=name HTTP/1.1",
        "author='Bob', tokenizer='bpe', key='name'",
        "Password must be at least 8 characters long",
        'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=(a@b.example) already exists.',
        "[SQL: INSERT INTO orders (item, amount) VALUES (?, ?)]\n[parameters: ('book', 3)]",
        "DETAIL:  Failing row contains (3, null, book).",
        "INSERT INTO orders (item) VALUES ('book')",
        "sent to 12345678901234 at 2024-01-01T00:00:00Z",
        "name: value: another",
        "unexpected token < in JSON at position 3",
        "git@git.example:shop/service.git",
        "Die Straße „Am Tor“ 12: nicht gefunden",
    ],
)
def test_needed_facts_stay_in_a_text(text):
    assert scrub(text) == text


def test_facts_around_a_secret_stay():
    text = scrub(f"postgresql://shop:{PASSWORD}@db.example:5432/shop refused user=shop")
    assert text == f"postgresql://shop:{SCRUBBED}@db.example:5432/shop refused user=shop"


def test_a_scrubbed_text_stays_as_it_is_when_it_is_scrubbed_again():
    once = scrub(f"password={PASSWORD} postgresql://shop:{PASSWORD}@db.example token='{JWT}'")
    assert scrub(once) == once


def test_query_parameters_are_scrubbed_by_name_and_by_form():
    query = f"page=2&access_token={PASSWORD}&next=https%3A%2F%2Fu%3A{PASSWORD}%40h%2F&x=&password"
    scrubbed = scrub_query(query, Found())
    assert PASSWORD not in scrubbed
    assert scrubbed.startswith(f"page=2&access_token={SCRUBBED}&next=")
    assert scrubbed.endswith("&x=&password")


def test_a_query_parameter_with_an_encoded_name_is_scrubbed():
    assert PASSWORD not in scrub_query(f"pass%77ord={PASSWORD}", Found())


def test_a_source_line_keeps_its_code_and_loses_its_strings_under_secret_names():
    assert scrub_source("token = get_token(user, password=form.password)") == (
        "token = get_token(user, password=form.password)"
    )
    assert PASSWORD not in scrub_source(f'connect(user="shop", password="{PASSWORD}")')
    assert 'user="shop"' in scrub_source(f'connect(user="shop", password="{PASSWORD}")')
    assert PASSWORD not in scrub_source(f'if password == "{PASSWORD}":')
    for line in ('if token == "expired":', 'fail(f"token={self.token!r} of {order.id}")'):
        assert scrub_source(line) == line


def test_a_card_is_told_from_other_whole_numbers_by_issuer_length_and_check_digit():
    assert is_card(4111_1111_1111_1111)
    assert is_card(3782_822463_10005)
    assert is_card(6200_0000_0000_0005)
    assert is_card(6205_5000_0000_0000_004)
    assert not is_card(4111_1111_1111_1112)
    assert not is_card(1_700_000_000_000_000_000)
    assert not is_card(9111_1111_1111_1111)


def test_texts_of_one_record_are_searched_together_and_replaced_wherever_they_stand():
    scrubber = Scrubber()
    tree = {
        "plain": scrubber.text("plain words", 100),
        "deep": [{"x": scrubber.text(f"token={PASSWORD}", 100)}],
        scrubber.text(f"password={PASSWORD}", 100): 1,
    }
    finished = scrubber.finish(tree)
    assert finished["plain"] == "plain words"
    assert finished["deep"] == [{"x": f"token={SCRUBBED}"}]
    assert PASSWORD not in json.dumps({k: v for k, v in finished.items() if k != "deep"})[:30]


CREDENTIALS = [rule for rule in load().rules if rule.category is Category.CREDENTIAL]


def kept(text):
    """Return `text` as a record that holds nothing else would keep it."""
    scrubber = Scrubber()
    return scrubber.finish({"text": scrubber.text(text, 10_000)})["text"]


@pytest.mark.parametrize("rule", CREDENTIALS, ids=lambda rule: rule.id)
@settings(max_examples=10)
@given(data=st.data())
def test_no_form_of_a_credential_passes_for_a_text_that_needs_no_search(rule, data):
    pattern = re.compile(data.draw(st.sampled_from(rule.patterns)), re.ASCII)
    text = data.draw(st.from_regex(pattern, fullmatch=True))
    assert kept(text) == scrub(scrubbing.storable(text))


@pytest.mark.parametrize("word", ["Bearer", "BEARER", "bearer", "Basic", "BASIC"])
def test_a_short_token_after_its_word_is_scrubbed(word):
    token = "9hvcDpvMTIzQ"
    assert token not in kept(f"{word} {token}")


def test_a_text_that_was_harmless_stays_so_and_hides_no_other():
    for _ in range(3):
        assert kept("shop:orders") == "shop:orders"
        assert PASSWORD not in kept(f"shop:orders password={PASSWORD}")
        assert PASSWORD not in kept(f"password={PASSWORD}")


def test_the_memory_of_harmless_texts_has_a_bound():
    for number in range(5000):
        assert kept(f"x:{number}") == f"x:{number}"
        assert kept("y: " * 300) == "y: " * 300
    assert len(scrubbing._harmless) <= 4100
    assert max(map(len, scrubbing._harmless)) < 600


def test_no_text_hides_the_secret_of_the_one_after_it():
    for before in (
        "x=",
        "password",
        "'",
        '"',
        "://",
        "x: ",
        "Bearer ",
        "[parameters: (",
        "insert into a (",
    ):
        for after in (f"password={PASSWORD}", f"x://u:{PASSWORD}@h", f"'token': '{PASSWORD}'"):
            scrubber = Scrubber()
            tree = {"a": scrubber.text(before, 100), "b": scrubber.text(after, 100)}
            assert PASSWORD not in str(scrubber.finish(tree)), (before, after)


def test_a_secret_across_the_place_of_a_cut_is_seen_whole():
    scrubber = Scrubber()
    text = "x " * 40 + PEM
    for limit in range(85, len(text), 7):
        kept = scrubber.text(text, limit)
        assert "more characters]" in kept
        assert "AAECAwQ" not in kept
    assert len(scrubber.text("y" * 1_000_000, 1000)) < 1100


def test_what_cannot_be_searched_is_not_kept(monkeypatch):
    def broken():
        raise RuntimeError("no rules")

    monkeypatch.setattr(scrubbing, "default_scanner", broken)
    scrubber = Scrubber()
    tree = {"a": scrubber.text(f"x={PASSWORD}", 100), "b": scrubber.text("plain", 100)}
    finished = scrubber.finish(tree)
    assert finished == {"a": scrubbing.UNSEARCHED, "b": "plain"}
    assert scrubber.failed
    assert Scrubber().text(f"{PASSWORD} " * 100, 50) == scrubbing.UNSEARCHED
