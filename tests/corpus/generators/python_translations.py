"""MariaDB in the languages that it speaks, as a driver for Python tells it."""

from __future__ import annotations

from itertools import cycle

import dressing as d
from dressing import Dressing, node_json, python_json
from entries import Corpus
from workshop import PYTHON_TELLER, failures, need_port, need_python, write

LANGUAGES = (
    "de_DE",
    "fr_FR",
    "es_ES",
    "pt_PT",
    "it_IT",
    "pl_PL",
    "ru_RU",
    "uk_UA",
    "zh_CN",
    "ja_JP",
    "ko_KR",
    "nl_NL",
    "sv_SE",
    "da_DK",
    "cs_CZ",
)

STATEMENTS = {
    "column": "SELECT emial FROM customers",
    "duplicate": "INSERT INTO customers VALUES (1, 'ann@shop.example')",
    "null": "INSERT INTO customers VALUES (2, NULL)",
    "unknown": "DROP TABLE ordres",
    "exists": "CREATE TABLE customers (id INT)",
    "ambiguous": "SELECT id FROM customers a JOIN customers b",
    "key": "ALTER TABLE customers ADD INDEX idx_customers (emial)",
}

PROGRAM = f"""
import pymysql
from teller import tell

db = pymysql.connect(host="127.0.0.1", user="root", autocommit=True)
cursor = db.cursor()
for statement in (
    "CREATE DATABASE IF NOT EXISTS shop_languages",
    "USE shop_languages",
    "DROP TABLE IF EXISTS customers",
    "CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(40) NOT NULL)",
    "INSERT INTO customers VALUES (1, 'ann@shop.example')",
):
    cursor.execute(statement)
for language in {LANGUAGES!r}:
    cursor.execute("SET lc_messages = %s", [language])
    for name, statement in {STATEMENTS!r}.items():
        tell(f"{{language[:2]}}-{{name}}", lambda: cursor.execute(statement))
cursor.execute("DROP DATABASE shop_languages")
"""

j = Dressing(python_json)
n = Dressing(node_json)

DRESSES = (
    lambda f: j.detail(f.message),
    lambda f: n.error(f.message),
    lambda f: d.html_alert(f.message),
    lambda f: j.twice_nested(f.message),
    lambda f: d.soap(f.message),
    lambda f: n.graphql(f.message, "orders"),
    lambda f: d.location(f.message),
    lambda f: j.problem(f.message),
    lambda f: d.base64_field(f.message),
    lambda f: d.plain(f.message),
    lambda f: d.form(f.message),
)

KINDS = cycle(STATEMENTS)
CASES = {
    f"{language[:2]}-{next(KINDS)}": ("database_error", 500, dress)
    for language, dress in zip((*LANGUAGES, *LANGUAGES, *LANGUAGES), cycle(DRESSES), strict=False)
}

if __name__ == "__main__":
    need_port(3306, "MariaDB")
    python = need_python("pymysql")
    write({"teller.py": PYTHON_TELLER, "languages.py": PROGRAM})
    corpus = Corpus("mariadb-language", "run", "MariaDB 10.11 through PyMySQL")
    corpus.add_failures(failures([python, "/srv/shop/languages.py"]), CASES)
    corpus.print()
