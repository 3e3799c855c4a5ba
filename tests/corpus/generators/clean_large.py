"""Large clean answers, full of random values: `python clean_large.py > ../clean/large.jsonl`."""

from __future__ import annotations

import base64
import json
import random
import string
import sys
import uuid
from collections.abc import Callable

SEED = 118
LONGEST_TEXT = 6_000
WORDS = (
    "anchor apple basin cable core dawn dial dump error exception fault file frame host index "
    "kernel key line lock memory module null object panic pipe port query queue refuse root row "
    "select set shell signal socket stack table thread trace value view where zone"
).split()
JSON, CSV, HTML, SCRIPT, PLAIN = (
    "application/json",
    "text/csv; charset=utf-8",
    "text/html; charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/plain; charset=utf-8",
)

dice = random.Random(SEED)


def token(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """Return random letters."""
    return "".join(dice.choices(letters, k=length))


def words(count: int) -> str:
    """Return random words."""
    return " ".join(dice.choices(WORDS, k=count))


def identifier() -> str:
    """Return a random UUID."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def moment() -> str:
    """Return a moment of November 2026."""
    day, hour, minute = dice.randint(1, 28), dice.randint(0, 23), dice.randint(0, 59)
    return (
        f"2026-11-{day:02}T{hour:02}:{minute:02}:{dice.randint(0, 59):02}.{token(3, '0123456789')}Z"
    )


def private_address() -> str:
    """Return an address of a private network."""
    return f"10.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"


def orders() -> str:
    """Return a page of orders."""
    rows = [
        {
            "id": identifier(),
            "number": f"{token(2, string.ascii_uppercase)}{token(5, string.digits)}",
            "total": f"{dice.randint(1, 900)}.{dice.randint(10, 99)}",
            "at": moment(),
            "note": words(4) if dice.random() < 0.4 else None,
            "token": f"tok_{token(24)}",
        }
        for _ in range(24)
    ]
    return json.dumps({"orders": rows, "next": token(40)})


def inventory() -> str:
    """Return a cloud's inventory."""
    rows = [
        {
            "name": f"{dice.choice(WORDS)}-{number}",
            "address": private_address(),
            "agent": f"10.{dice.randint(0, 30)}.{dice.randint(0, 30)}.{dice.randint(0, 9999)}",
            "image": f"{dice.choice(['debian', 'ubuntu', 'alpine'])}-{dice.randint(3, 24)}",
            "hash": token(40, "0123456789abcdef"),
        }
        for number in range(32)
    ]
    return json.dumps({"machines": rows}, indent=1)


def tree() -> str:
    """Return the files of a user's repository."""
    endings = ["py", "js", "ts", "java", "go", "rb", "php", "rs", "cs", "kt", "sql", "md"]
    folders = ["src", "lib", "app", "home", "usr", "var", "opt", "tests", "vendor", "cmd"]
    rows = [
        {
            "path": f"{dice.choice(folders)}/{dice.choice(WORDS)}/{dice.choice(WORDS)}"
            f".{dice.choice(endings)}",
            "sha": token(40, "0123456789abcdef"),
            "size": dice.randint(10, 90_000),
        }
        for _ in range(48)
    ]
    return json.dumps({"tree": rows, "truncated": False}, separators=(",", ":"))


def lock() -> str:
    """Return the lock file of a user's project."""
    packages = {
        f"node_modules/{dice.choice(WORDS)}-{dice.choice(WORDS)}": {
            "version": f"{dice.randint(0, 12)}.{dice.randint(0, 40)}.{dice.randint(0, 20)}",
            "integrity": "sha512-" + base64.b64encode(dice.randbytes(64)).decode(),
            "license": "MIT",
        }
        for _ in range(24)
    }
    return json.dumps({"name": "shop", "lockfileVersion": 3, "packages": packages}, indent=1)


def picture() -> str:
    """Return bytes in base64."""
    return json.dumps(
        {"name": "scan.bin", "data": base64.b64encode(dice.randbytes(4_200)).decode()}
    )


def codes() -> str:
    """Return a list of codes that look like those of databases."""
    rows = [
        ",".join(
            [
                f"E{token(5, '01')}",
                f"HY{token(3, string.digits)}",
                token(5, string.digits),
                f"ORA{token(5, string.digits)}",
                f"0x{token(8, '0123456789abcdef')}",
                words(3),
            ]
        )
        for _ in range(90)
    ]
    return "\n".join(["part,bin,shelf,lot,tag,note", *rows])


def vectors() -> str:
    """Return embeddings."""
    rows = [[round(dice.gauss(0, 0.05), 8) for _ in range(96)] for _ in range(4)]
    return json.dumps({"model": "small-3", "vectors": rows}, separators=(",", ":"))


def page() -> str:
    """Return a page with a table and words in it."""
    rows = "".join(
        f"<tr><td>{words(2)}</td><td>{dice.randint(1, 999)}</td><td>{words(6)}</td></tr>\n"
        for _ in range(64)
    )
    return f"<!doctype html><title>{words(3)}</title>\n<table>\n{rows}</table>"


def script() -> str:
    """Return minified JavaScript."""
    parts = [
        f"function {token(2, string.ascii_lowercase)}(e,t){{return null==e?t:e.{dice.choice(WORDS)}"
        f'({dice.randint(0, 99)},t[{dice.randint(0, 9)}])||"{words(2)}"}}'
        for _ in range(62)
    ]
    return f"!function(){{{';'.join(parts)}}}();"


def novel() -> str:
    """Return lines of words that mean nothing together."""
    return "\n".join(f"{words(dice.randint(5, 14)).capitalize()}." for _ in range(90))


def ledger() -> str:
    """Return keys and values of a ledger."""
    rows = {
        f"0x{token(40, '0123456789abcdef')}": f"0x{token(64, '0123456789abcdef')}"
        for _ in range(46)
    }
    return json.dumps(
        {"jsonrpc": "2.0", "id": 4, "result": {"storage": rows}}, separators=(",", ":")
    )


ANSWERS: dict[str, tuple[str, Callable[[], str]]] = {
    "orders": (JSON, orders),
    "inventory": (JSON, inventory),
    "tree": (JSON, tree),
    "lock": (JSON, lock),
    "picture": (JSON, picture),
    "codes": (CSV, codes),
    "vectors": (JSON, vectors),
    "page": (HTML, page),
    "script": (SCRIPT, script),
    "novel": (PLAIN, novel),
    "ledger": (JSON, ledger),
}


def main() -> None:
    """Print the entries as JSON lines.

    Raises:
        ValueError: If a text is longer than the corpus takes.
    """
    for name, (content_type, make) in ANSWERS.items():
        text = make()
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"{name} has {len(text)} characters")
        entry = {
            "id": f"success-large-{name}",
            "class": "success",
            "origin": "written",
            "source": make.__doc__.removeprefix("Return ").rstrip(".").capitalize(),
            "status": 200,
            "content_type": content_type,
            "kind": "body",
            "text": text,
        }
        sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
