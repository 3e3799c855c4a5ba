from __future__ import annotations

import pytest

from tightlip.detection.placeholder import is_no_code, is_no_placeholder


@pytest.mark.parametrize(
    "text",
    [
        "Use postgres://user:password@host:5432/name",
        "Use redis://USERNAME:PASSWORD@HOST/0",
        "Use amqp://<user>:<password>@<host>/",
        "Use mysql://db_user:db_password@db_host/db_name",
        "Use redis://localhost:6379/0",
        "Use postgres://user:password@localhost:5432/name",
    ],
)
def test_words_in_the_place_of_values_are_no_address(text):
    assert not is_no_placeholder(text, text.index("://"), len(text))


@pytest.mark.parametrize(
    "text",
    [
        "no reply by postgres://user:password@db.example/shop",
        "no reply by postgres://shop:password@host/shop",
        "no reply by postgres://user:hunter2@host/shop",
        "no reply by postgres://user:password@host.example/shop",
        "no reply by redis://cache@host",
        "no reply by redis://localhost.shop.example/0",
        "no reply by postgres://shop:password@localhost/shop",
        "no reply by Server=db.example;Database=shop@",
    ],
)
def test_one_real_word_makes_an_address(text):
    assert is_no_placeholder(text, 0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "password=None",
        "pwd=null,",
        'password=settings["db"]',
        "pwd=X(201)",
        "DB_PASSWORD=os.environ['A']",
        "use `password=None`",
        "password=str|None",
        "It was password=None.",
        'password=settings["db"].strip()',
        "password=None\\n",
    ],
)
def test_code_in_the_place_of_a_value_is_none(text):
    assert not is_no_code(text, 0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "password=nonesuch",
        "password=hunter(2",
        "pwd=k1wi[tree]",
        "password: None",
        "pwd=kiwi",
        "password=none-of-your-kiwis",
        "password=hidden.kiwi7",
        "pwd=kiwi(tree)9",
        "password=kiwi[tree]!9",
    ],
)
def test_what_may_be_a_value_is_none_of_code(text):
    assert is_no_code(text, 0, len(text))
