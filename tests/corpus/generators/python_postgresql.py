"""PostgreSQL's errors as psycopg, psycopg2, asyncpg and SQLAlchemy hand them on."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, python_json
from entries import Corpus
from workshop import PYTHON_TELLER, failures, need_port, need_python, write

SCHEMA = """
import psycopg
ADMIN = "postgresql://postgres@127.0.0.1:5432/postgres"
SHOP = "postgresql://postgres@127.0.0.1:5432/shop"
with psycopg.connect(ADMIN, autocommit=True) as db:
    db.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
    for role in ("shop_report", "shop_batch"):
        db.execute(f"DROP ROLE IF EXISTS {role}")
    db.execute("CREATE DATABASE shop")
    db.execute("CREATE ROLE shop_report LOGIN")
    db.execute("CREATE ROLE shop_batch LOGIN CONNECTION LIMIT 0")
with psycopg.connect(SHOP, autocommit=True) as db:
    db.execute('''
    CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent');
    CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL UNIQUE, born date,
        credit numeric(8,2) CONSTRAINT credit_positive CHECK (credit >= 0), nick varchar(12));
    CREATE UNIQUE INDEX customers_lower_nick ON customers (lower(nick));
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers,
        state order_state, public_id uuid);
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE TABLE bookings (room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&));
    CREATE FUNCTION forbid_refund() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'order % is already refunded', OLD.id; END $$;
    CREATE TRIGGER refund BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION forbid_refund();
    INSERT INTO customers VALUES (1, 'ann@shop.example', NULL, 10, 'ann'), (2, 'bob@shop.example', NULL, 5, 'bob');
    INSERT INTO orders VALUES (1, 1, 'new', NULL);
    ''')
"""

PROGRAM = """
import asyncio, threading, time
import psycopg, psycopg2, psycopg2.extras, asyncpg
import sqlalchemy as sa
from psycopg.rows import dict_row
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from teller import tell

SHOP = "postgresql://postgres@127.0.0.1:5432/shop"

def psy(sql, args=None, dsn=SHOP):
    with psycopg.connect(dsn) as db:
        return db.execute(sql, args).fetchall()

def psy2(sql, args=None, dsn=SHOP):
    db = psycopg2.connect(dsn)
    try:
        cursor = db.cursor()
        cursor.execute(sql, args)
        return cursor.fetchall()
    finally:
        db.close()

def apg(sql, *args, dsn=SHOP, times=1, **settings):
    async def go():
        db = await asyncpg.connect(dsn, **settings)
        try:
            return await asyncio.gather(*[db.fetch(sql, *args) for _ in range(times)])
        finally:
            await db.close()
    return asyncio.run(go())

tell("unique", lambda: psy("INSERT INTO customers (id, email) VALUES (3, %s)", ["ann@shop.example"]))
tell("unique-expression", lambda: apg("INSERT INTO customers (id, email, nick) VALUES (9, 'c@shop.example', 'ANN')"))
tell("foreign-key", lambda: psy2("INSERT INTO orders (id, customer_id) VALUES (2, 99)"))
tell("foreign-key-referenced", lambda: apg("DELETE FROM customers WHERE id = 1"))
tell("not-null", lambda: psy2("INSERT INTO customers (id, credit) VALUES (4, 3)"))
tell("check", lambda: psy("UPDATE customers SET credit = -5 WHERE id = 1"))
tell("exclusion", lambda: psy("INSERT INTO bookings VALUES (1, '[2026-01-01,2026-01-03)'), (1, '[2026-01-02,2026-01-05)')"))
tell("no-table", lambda: psy2("SELECT * FROM custmers WHERE id = 1"))
tell("no-column", lambda: psy("SELECT customers.emial FROM customers"))
tell("syntax", lambda: psy2("SELECT * FROM customers WHERE email = 'o'brien' AND id = 1"))
tell("syntax-end", lambda: apg("SELECT * FROM orders WHERE id IN ("))
tell("no-function", lambda: apg("SELECT lower(id) FROM customers"))
tell("no-operator", lambda: psy("SELECT * FROM customers WHERE id = 'x'::text"))
tell("uuid", lambda: psy("SELECT * FROM orders WHERE public_id = 'not-a-uuid'"))
tell("enum", lambda: psy2("UPDATE orders SET state = 'gone' WHERE id = 1"))
tell("out-of-range", lambda: psy("SELECT 9999999999::bigint::int"))
tell("numeric-overflow", lambda: psy2("UPDATE customers SET credit = 99999999.99 WHERE id = 1"))
tell("too-long", lambda: apg("UPDATE customers SET nick = 'a-nick-far-too-long' WHERE id = 1"))
tell("date", lambda: psy2("UPDATE customers SET born = '2026-02-30' WHERE id = 1"))
tell("division", lambda: psy("SELECT 1 / 0"))
tell("trigger", lambda: psy("DELETE FROM orders WHERE id = 1"))
tell("json", lambda: psy2("SELECT '{oops'::json"))
tell("ambiguous", lambda: apg("SELECT id FROM customers c JOIN orders o ON o.customer_id = c.id"))
tell("group-by", lambda: psy2("SELECT email, count(*) FROM customers"))
tell("permission", lambda: psy("SELECT * FROM customers", dsn="postgresql://shop_report@127.0.0.1:5432/shop"))
tell("no-role", lambda: psy("SELECT 1", dsn="postgresql://shop_owner@127.0.0.1:5432/shop"))
tell("no-database", lambda: psy2("SELECT 1", dsn="postgresql://postgres@127.0.0.1:5432/shop_staging"))
tell("role-limit", lambda: apg("SELECT 1", dsn="postgresql://shop_batch@127.0.0.1:5432/shop"))
tell("refused", lambda: psy("SELECT 1", dsn="postgresql://shop@127.0.0.1:5439/shop"))
tell("unresolved", lambda: psy2("SELECT 1", dsn="postgresql://shop@db-primary.shop.internal:5432/shop"))
tell("asyncpg-refused", lambda: apg("SELECT 1", dsn="postgresql://shop@127.0.0.1:5439/shop"))
tell("connection-timeout", lambda: psy("SELECT 1", dsn="postgresql://shop@127.0.0.1:6379/shop?connect_timeout=2"))
tell("timeout", lambda: psy("SELECT pg_sleep(5)", dsn=SHOP + "?options=-c%20statement_timeout%3D50"))
tell("read-only", lambda: apg("DELETE FROM customers", server_settings={"default_transaction_read_only": "on"}))
tell("asyncpg-busy", lambda: apg("SELECT pg_sleep(0.1)", times=2))
tell("asyncpg-type", lambda: apg("SELECT * FROM customers WHERE id = $1", "abc"))
tell("asyncpg-arguments", lambda: apg("SELECT * FROM customers WHERE id = $1 AND nick = $2", 1))
tell("psycopg-placeholders", lambda: psy("SELECT * FROM customers WHERE id = %s AND nick = %s", [1]))
tell("psycopg-adapt", lambda: psy("SELECT %s", [object]))
tell("psycopg2-adapt", lambda: psy2("SELECT %s", [{1, 2}]))
tell("prepared", lambda: apg("SELECT 1; SELECT 2"))

def aborted():
    with psycopg.connect(SHOP) as db:
        try:
            db.execute("SELECT 1 / 0")
        except psycopg.Error:
            pass
        db.execute("SELECT 1")
tell("aborted", aborted)

def deadlock():
    one, two = psycopg.connect(SHOP), psycopg.connect(SHOP)
    with one, two:
        one.execute("UPDATE customers SET credit = 1 WHERE id = 1")
        two.execute("UPDATE customers SET credit = 2 WHERE id = 2")
        def cross():
            try:
                one.execute("UPDATE customers SET credit = 1 WHERE id = 2")
            except psycopg.Error as error:
                lost.append(error)
        lost = []
        thread = threading.Thread(target=cross)
        thread.start()
        time.sleep(0.2)
        try:
            two.execute("UPDATE customers SET credit = 2 WHERE id = 1")
        finally:
            two.rollback()
            thread.join()
            if lost:
                raise lost[0]
tell("deadlock", deadlock)

def locked():
    one, two = psycopg.connect(SHOP), psycopg.connect(SHOP)
    with one, two:
        one.execute("SELECT * FROM customers WHERE id = 1 FOR UPDATE")
        two.execute("SELECT * FROM customers WHERE id = 1 FOR UPDATE NOWAIT")
tell("locked", locked)

def serialization():
    one, two = psycopg2.connect(SHOP), psycopg2.connect(SHOP)
    for db in (one, two):
        db.set_session(isolation_level="REPEATABLE READ")
    a, b = one.cursor(), two.cursor()
    a.execute("SELECT * FROM customers")
    b.execute("SELECT * FROM customers")
    a.execute("UPDATE customers SET credit = 3 WHERE id = 1")
    one.commit()
    b.execute("UPDATE customers SET credit = 4 WHERE id = 1")
tell("serialization", serialization)

def terminated():
    with psycopg.connect(SHOP) as db, psycopg.connect(SHOP) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [db.info.backend_pid])
        other.commit()
        time.sleep(0.1)
        db.execute("SELECT 1")
tell("terminated", terminated)

def closed2():
    db = psycopg2.connect(SHOP)
    cursor = db.cursor()
    db.close()
    cursor.execute("SELECT 1")
tell("closed-cursor", closed2)

class Base(DeclarativeBase):
    pass

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    credit: Mapped[float | None]

ENGINE = sa.create_engine(SHOP.replace("postgresql", "postgresql+psycopg"))

def flush():
    with Session(ENGINE) as session:
        session.add(Customer(id=7, email="bob@shop.example", credit=3))
        session.commit()
tell("sqlalchemy-unique", flush)

def after_rollback():
    with Session(ENGINE) as session:
        session.add(Customer(id=8, email="bob@shop.example"))
        try:
            session.flush()
        except sa.exc.IntegrityError:
            pass
        session.query(Customer).all()
tell("sqlalchemy-rolled-back", after_rollback)

def raw():
    with ENGINE.connect() as db:
        db.execute(sa.text("SELECT id, totl FROM orders WHERE customer_id = :customer"), {"customer": 1})
tell("sqlalchemy-no-column", raw)

def statement():
    with Session(sa.create_engine("postgresql+psycopg2://shop@127.0.0.1:5439/shop")) as session:
        session.execute(sa.select(Customer))
tell("sqlalchemy-refused", statement)

def pool():
    engine = sa.create_engine(SHOP.replace("postgresql", "postgresql+psycopg"), pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect(), engine.connect():
        pass
tell("sqlalchemy-pool", pool)

def bind():
    with ENGINE.connect() as db:
        db.execute(sa.text("SELECT * FROM customers WHERE id = :id"), {})
tell("sqlalchemy-bind", bind)

def one():
    with Session(ENGINE) as session:
        return session.execute(sa.select(Customer).where(Customer.id == 404)).scalar_one()
tell("sqlalchemy-one", one)

def detached():
    with Session(ENGINE, expire_on_commit=True) as session:
        customer = session.get(Customer, 1)
        session.commit()
    return customer.email
tell("sqlalchemy-detached", detached)

def data():
    with Session(ENGINE) as session:
        session.execute(sa.update(Customer).where(Customer.id == 1).values(credit=10 ** 9))
tell("sqlalchemy-data", data)

def no_dialect():
    sa.create_engine("postgres://shop@127.0.0.1/shop")
tell("sqlalchemy-dialect", no_dialect)
"""

j = Dressing(python_json)
CASES = {
    "unique": ("database_error", 409, lambda f: j.detail(f.message)),
    "unique-expression": (
        "database_error",
        409,
        lambda f: j.problem(f"{f.type}: {f.message}", 409, "Conflict"),
    ),
    "foreign-key": ("database_error", 400, lambda f: j.error(f.message)),
    "foreign-key-referenced": ("database_error", 500, lambda f: d.html_alert(f.message)),
    "not-null": ("database_error", 422, lambda f: j.message(f.message)),
    "check": ("database_error", 400, lambda f: j.gateway(f.message, "detail")),
    "exclusion": ("database_error", 409, lambda f: d.plain(f.message)),
    "no-table": ("database_error", 500, lambda f: j.stack(f.message, f.trace)),
    "no-column": ("database_error", 500, lambda f: d.html_pre(f.message)),
    "syntax": ("database_error", 500, lambda f: d.location(f.message)),
    "syntax-end": ("database_error", 500, lambda f: j.graphql(f.message, "orders")),
    "no-function": ("database_error", 500, lambda f: j.twice_nested(f.message)),
    "no-operator": ("database_error", 500, lambda f: j.json_api(f.message)),
    "uuid": ("database_error", 400, lambda f: j.detail(f.message)),
    "enum": ("database_error", 422, lambda f: j.function(f.message)),
    "out-of-range": ("database_error", 400, lambda f: j.error(f.message)),
    "numeric-overflow": ("database_error", 400, lambda f: d.header("X-Error", f.message)),
    "too-long": ("database_error", 422, lambda f: d.grpc_message(f.message)),
    "date": ("database_error", 400, lambda f: d.html_breaks(f.message)),
    "division": ("stack_trace", 500, lambda f: d.plain(f.trace)),
    "trigger": ("database_error", 500, lambda f: j.detail(f.message)),
    "json": ("database_error", 400, lambda f: j.json_rpc(f.message)),
    "ambiguous": ("database_error", 500, lambda f: j.envelope(f.message)),
    "group-by": ("database_error", 500, lambda f: d.form(f.message)),
    "permission": ("database_error", 403, lambda f: j.detail(f.message)),
    "no-role": ("infrastructure", 500, lambda f: j.health("db", f.message)),
    "no-database": ("database_error", 503, lambda f: d.html_pre(f.message, "503")),
    "role-limit": ("database_error", 503, lambda f: j.coded(f.message)),
    "refused": ("infrastructure", 503, lambda f: j.detail(f.message)),
    "unresolved": ("infrastructure", 503, lambda f: d.html_comment(f.message)),
    "asyncpg-refused": ("infrastructure", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "connection-timeout": ("infrastructure", 500, lambda f: j.job(f.message)),
    "timeout": ("database_error", 504, lambda f: j.detail(f.message)),
    "read-only": ("database_error", 500, lambda f: j.event(f.message)),
    "asyncpg-busy": ("database_error", 500, lambda f: j.error(f.message)),
    "asyncpg-type": ("library", 400, lambda f: j.detail(f.message)),
    "asyncpg-arguments": ("library", 500, lambda f: j.gateway(f.message, "error")),
    "psycopg-placeholders": ("library", 500, lambda f: j.detail(f"{f.type}: {f.message}")),
    "psycopg-adapt": ("library", 500, lambda f: j.error(f.message)),
    "psycopg2-adapt": ("library", 500, lambda f: d.header("X-Error-Detail", f.message)),
    "prepared": ("database_error", 500, lambda f: d.oauth_redirect(f.message)),
    "aborted": ("database_error", 500, lambda f: j.detail(f.message)),
    "deadlock": ("database_error", 500, lambda f: j.proxied("order-service", f.message)),
    "locked": ("database_error", 409, lambda f: d.flash_cookie(f.message)),
    "serialization": ("database_error", 409, lambda f: j.google(f.message, 409, "ABORTED")),
    "terminated": ("database_error", 500, lambda f: d.utf16(j.error(f.message))),
    "closed-cursor": ("library", 500, lambda f: j.envelope(f.message)),
    "sqlalchemy-unique": ("database_error", 409, lambda f: j.detail(f.message)),
    "sqlalchemy-rolled-back": ("library", 500, lambda f: j.problem(f.message)),
    "sqlalchemy-no-column": ("database_error", 500, lambda f: j.stack_lines(f.message, f.trace)),
    "sqlalchemy-refused": ("infrastructure", 500, lambda f: d.html_numeric(f.message)),
    "sqlalchemy-pool": ("library", 503, lambda f: j.detail(f.message)),
    "sqlalchemy-bind": ("library", 500, lambda f: j.twice_nested(f.message)),
    "sqlalchemy-one": ("library", 404, lambda f: j.detail(f.message)),
    "sqlalchemy-detached": ("library", 500, lambda f: j.message(f.message)),
    "sqlalchemy-data": ("database_error", 400, lambda f: d.html_attribute(f.message)),
    "sqlalchemy-dialect": ("library", 500, lambda f: d.base64_field(f.trace)),
}

if __name__ == "__main__":
    need_port(5432, "PostgreSQL")
    python = need_python("psycopg[binary]", "psycopg2-binary", "asyncpg", "SQLAlchemy")
    write({"teller.py": PYTHON_TELLER, "schema.py": SCHEMA, "orders.py": PROGRAM})
    failures([python, "/srv/shop/schema.py"])
    corpus = Corpus(
        "postgresql", "run", "PostgreSQL 15 through psycopg 3, psycopg2, asyncpg, SQLAlchemy 2"
    )
    corpus.add_failures(failures([python, "/srv/shop/orders.py"]), CASES)
    corpus.print()
