"""MariaDB, SQLite, DuckDB, Redis and an emulated DynamoDB, as drivers for Python tell it."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, pretty_json, python_json
from entries import Corpus
from workshop import PYTHON_TELLER, failures, need_port, need_python, write

PROGRAM = """
import asyncio, os, pathlib, sqlite3, threading, time
import pymysql, mysql.connector, redis, duckdb, boto3, aiosqlite
import peewee
import sqlalchemy as sa
from moto import mock_aws
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from teller import tell

admin = pymysql.connect(host="127.0.0.1", user="root", autocommit=True)
with admin.cursor() as cursor:
    for statement in '''
    DROP DATABASE IF EXISTS shop
    CREATE DATABASE shop
    CREATE TABLE shop.customers (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(40) NOT NULL, credit DECIMAL(8,2) CHECK (credit >= 0), born DATE, state ENUM('new','old'), UNIQUE KEY uq_customers_email (email)) ENGINE=InnoDB
    CREATE TABLE shop.orders (id INT PRIMARY KEY, customer_id INT, CONSTRAINT fk_orders_customer FOREIGN KEY (customer_id) REFERENCES shop.customers (id)) ENGINE=InnoDB
    INSERT INTO shop.customers (email, credit) VALUES ('ann@shop.example', 10), ('bob@shop.example', 5)
    INSERT INTO shop.orders VALUES (1, 1)
    DROP USER IF EXISTS 'shop_report'@'localhost'
    DROP USER IF EXISTS 'shop_report'@'127.0.0.1'
    CREATE USER 'shop_report'@'localhost' IDENTIFIED BY 'right'
    CREATE USER 'shop_report'@'127.0.0.1' IDENTIFIED BY 'right'
    GRANT SELECT ON shop.orders TO 'shop_report'@'127.0.0.1'
    '''.strip().splitlines():
        cursor.execute(statement)

def connect(**more):
    return pymysql.connect(**{"host": "127.0.0.1", "user": "root", "database": "shop", **more})

def my(sql, args=None, **more):
    with connect(**more) as db, db.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall()

def connector(sql, args=None, **more):
    with mysql.connector.connect(**{"host": "127.0.0.1", "user": "root", "database": "shop", **more}) as db:
        cursor = db.cursor()
        cursor.execute(sql, args)
        return cursor.fetchall()

tell("mysql-unique", lambda: my("INSERT INTO customers (email) VALUES (%s)", ["ann@shop.example"]))
tell("mysql-foreign-key", lambda: connector("INSERT INTO orders VALUES (2, 99)"))
tell("mysql-foreign-key-parent", lambda: my("DELETE FROM customers WHERE id = 1"))
tell("mysql-null", lambda: my("INSERT INTO customers (email) VALUES (NULL)"))
tell("mysql-default", lambda: connector("INSERT INTO customers (credit) VALUES (1)"))
tell("mysql-check", lambda: my("UPDATE customers SET credit = -1 WHERE id = 1"))
tell("mysql-too-long", lambda: my("UPDATE customers SET email = %s WHERE id = 1", ["x" * 50]))
tell("mysql-range", lambda: connector("UPDATE customers SET credit = 99999999.5 WHERE id = 1"))
tell("mysql-date", lambda: my("UPDATE customers SET born = '2026-02-30' WHERE id = 1"))
tell("mysql-truncated", lambda: my("UPDATE customers SET state = 'gone' WHERE id = 1"))
tell("mysql-syntax", lambda: my("SELECT * FROM customers WHERE email = 'o'brien'"))
tell("mysql-no-table", lambda: connector("SELECT * FROM custmers"))
tell("mysql-no-column", lambda: my("SELECT emial FROM customers"))
tell("mysql-ambiguous", lambda: connector("SELECT id FROM customers c JOIN orders o ON o.customer_id = c.id"))
tell("mysql-function", lambda: my("SELECT tax_of(3)"))
tell("mysql-denied", lambda: my("SELECT 1", user="shop_report", password="wrong"))
tell("mysql-denied-connector", lambda: connector("SELECT 1", user="shop_app", password="x"))
tell("mysql-command-denied", lambda: my("SELECT * FROM customers", user="shop_report", password="right"))
tell("mysql-no-database", lambda: my("SELECT 1", database="shop_staging"))
tell("mysql-refused", lambda: my("SELECT 1", port=3307))
tell("mysql-refused-connector", lambda: connector("SELECT 1", port=3307))
tell("mysql-unresolved", lambda: my("SELECT 1", host="mysql.shop.svc.cluster.local"))
tell("mysql-timeout", lambda: my("SET STATEMENT max_statement_time=0.05 FOR SELECT SLEEP(3) FROM customers"))
tell("mysql-columns", lambda: connector("INSERT INTO orders VALUES (1)"))
tell("mysql-arguments", lambda: connector("SELECT * FROM orders WHERE id = %s AND customer_id = %s", (1,)))

def my_deadlock():
    one, two = connect(), connect()
    a, b = one.cursor(), two.cursor()
    a.execute("UPDATE customers SET credit = 1 WHERE id = 1")
    b.execute("UPDATE customers SET credit = 2 WHERE id = 2")
    lost = []
    def cross():
        try:
            a.execute("UPDATE customers SET credit = 1 WHERE id = 2")
        except pymysql.Error as error:
            lost.append(error)
    thread = threading.Thread(target=cross)
    thread.start()
    time.sleep(0.2)
    try:
        b.execute("UPDATE customers SET credit = 2 WHERE id = 1")
    finally:
        two.rollback()
        thread.join()
        if lost:
            raise lost[0]
tell("mysql-deadlock", my_deadlock)

def my_lock_wait():
    one, two = connect(), connect()
    a, b = one.cursor(), two.cursor()
    a.execute("UPDATE customers SET credit = 1 WHERE id = 1")
    b.execute("SET innodb_lock_wait_timeout = 1")
    b.execute("UPDATE customers SET credit = 2 WHERE id = 1")
tell("mysql-lock-wait", my_lock_wait)

def my_gone():
    db = connect()
    with admin.cursor() as cursor:
        cursor.execute("KILL %s", [db.thread_id()])
    time.sleep(0.2)
    db.cursor().execute("SELECT 1")
tell("mysql-lost", my_gone)

class Base(DeclarativeBase):
    pass

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(40), unique=True)
    basket: Mapped[list["Basket"]] = relationship(lazy="raise")

class Basket(Base):
    __tablename__ = "baskets"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))

def my_orm():
    with Session(sa.create_engine("mysql+pymysql://root@127.0.0.1/shop")) as session:
        session.add(Customer(id=1, email="new@shop.example"))
        session.flush()
tell("mysql-sqlalchemy", my_orm)

pathlib.Path("shop.sqlite3").unlink(missing_ok=True)
lite = sqlite3.connect("/srv/shop/shop.sqlite3", timeout=0.1)
lite.executescript('''
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, credit NUMERIC CHECK (credit >= 0));
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id)) STRICT;
INSERT INTO customers VALUES (1, 'ann@shop.example', 10);
PRAGMA foreign_keys = ON;
''')
tell("sqlite-unique", lambda: lite.execute("INSERT INTO customers VALUES (2, 'ann@shop.example', 1)"))
tell("sqlite-null", lambda: lite.execute("INSERT INTO customers (id) VALUES (2)"))
tell("sqlite-check", lambda: lite.execute("UPDATE customers SET credit = -1"))
tell("sqlite-strict", lambda: lite.execute("INSERT INTO orders VALUES (1, 'ann')"))
tell("sqlite-syntax", lambda: lite.execute("SELECT * FROM customers WHERE name = 'o'brien'"))
tell("sqlite-unrecognized", lambda: lite.execute("SELECT * FROM customers WHERE name = 'o"))
tell("sqlite-no-column", lambda: lite.execute("INSERT INTO orders (id, totl) VALUES (1, 2)"))
tell("sqlite-no-such-column", lambda: lite.execute("SELECT totl FROM orders"))
tell("sqlite-columns", lambda: lite.execute("INSERT INTO orders VALUES (1)"))
tell("sqlite-bindings", lambda: lite.execute("SELECT * FROM orders WHERE id = ? AND customer_id = ?", [1]))
tell("sqlite-type", lambda: lite.execute("SELECT ?", [{}]))
tell("sqlite-one-statement", lambda: lite.execute("SELECT 1; SELECT 2"))
tell("sqlite-open", lambda: sqlite3.connect("/srv/shop/data/tenant-12.db"))
def foreign():
    lite.rollback()
    db = sqlite3.connect("/srv/shop/shop.sqlite3")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("INSERT INTO orders VALUES (1, 99)")
tell("sqlite-foreign", foreign)
def other_thread():
    lost = []
    def use():
        try:
            lite.execute("SELECT 1")
        except sqlite3.Error as error:
            lost.append(error)
    thread = threading.Thread(target=use)
    thread.start(); thread.join()
    raise lost[0]
tell("sqlite-thread", other_thread)
def closed():
    db = sqlite3.connect(":memory:")
    db.close()
    db.execute("SELECT 1")
tell("sqlite-closed", closed)
def locked():
    one = sqlite3.connect("/srv/shop/shop.sqlite3", timeout=0)
    lite.rollback()
    lite.execute("BEGIN EXCLUSIVE")
    try:
        one.execute("INSERT INTO orders VALUES (3, 1)")
    finally:
        lite.rollback()
tell("sqlite-locked", locked)
def read_only():
    sqlite3.connect("file:/srv/shop/shop.sqlite3?mode=ro", uri=True).execute("DELETE FROM orders")
tell("sqlite-read-only", read_only)
def not_a_database():
    pathlib.Path("/srv/shop/notes.db").write_text("no database at all, only a note of some length")
    sqlite3.connect("/srv/shop/notes.db").execute("SELECT * FROM sqlite_master")
tell("sqlite-not-a-database", not_a_database)
def lite_orm():
    with Session(sa.create_engine("sqlite:////srv/shop/shop.sqlite3")) as session:
        session.get(Customer, 1).basket
tell("sqlalchemy-lazy", lite_orm)
def lite_baskets():
    with Session(sa.create_engine("sqlite:////srv/shop/shop.sqlite3")) as session:
        session.execute(sa.select(Basket).where(Basket.customer_id == 3)).all()
tell("sqlite-sqlalchemy", lite_baskets)
def multiple():
    with Session(sa.create_engine("sqlite://")) as session:
        Base.metadata.create_all(session.connection())
        session.add_all([Customer(id=1, email="a"), Customer(id=2, email="b")])
        session.scalars(sa.select(Customer)).one_or_none()
tell("sqlalchemy-multiple", multiple)
def peewee_model():
    db = peewee.SqliteDatabase("/srv/shop/shop.sqlite3")
    class Customers(peewee.Model):
        email = peewee.TextField()
        class Meta:
            database = db
    Customers.get(Customers.email == "nobody@shop.example")
tell("peewee-not-exist", peewee_model)

duck = duckdb.connect()
duck.execute("CREATE TABLE sales (sku VARCHAR PRIMARY KEY, amount INTEGER)")
duck.execute("INSERT INTO sales VALUES ('MUG-01', 3)")
tell("duckdb-unique", lambda: duck.execute("INSERT INTO sales VALUES ('MUG-01', 4)"))
tell("duckdb-column", lambda: duck.execute("SELECT amuont FROM sales"))
tell("duckdb-parser", lambda: duck.execute("SELEC * FROM sales"))
tell("duckdb-conversion", lambda: duck.execute("SELECT CAST('x12' AS INTEGER)"))
tell("duckdb-file", lambda: duck.execute("SELECT * FROM read_parquet('/srv/shop/exports/2026-01.parquet')"))
tell("duckdb-catalog", lambda: duck.execute("SELECT * FROM refunds"))

r = redis.Redis(db=9)
r.flushdb()
r.set("cart:4711", "x")
tell("redis-wrong-type", lambda: r.lpush("cart:4711", "y"))
tell("redis-not-integer", lambda: r.incr("cart:4711"))
tell("redis-command", lambda: r.execute_command("JSON.GET", "cart:4711"))
tell("redis-arguments", lambda: r.execute_command("SET", "cart:4711"))
tell("redis-script", lambda: r.eval("return redis.call('hget', KEYS[1], 'a')", 1, "cart:4711"))
tell("redis-script-compile", lambda: r.eval("return redis.call('get' KEYS[1])", 1, "cart:4711"))
tell("redis-noscript", lambda: r.evalsha("a" * 40, 0))
tell("redis-auth", lambda: redis.Redis(password="x", username="shop", db=9).ping())
tell("redis-index", lambda: redis.Redis(db=99).ping())
tell("redis-refused", lambda: redis.Redis(port=6390).get("cart:4711"))
tell("redis-unresolved", lambda: redis.Redis(host="redis-master.shop.svc.cluster.local").get("cart:4711"))
tell("redis-data", lambda: r.set("cart:1", {"sku": "MUG-01"}))
def redis_exec():
    pipe = r.pipeline()
    pipe.execute_command("SET", "a")
    pipe.execute()
tell("redis-exec", redis_exec)
def redis_group():
    r.xreadgroup("billing", "worker-1", {"orders": ">"})
tell("redis-group", redis_group)
r.flushdb()


def dynamo(call):
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        client.create_table(TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
        call(client)
tell("dynamodb-table", lambda: dynamo(lambda c: c.get_item(TableName="order", Key={"pk": {"S": "1"}})))
tell("dynamodb-key", lambda: dynamo(lambda c: c.get_item(TableName="orders", Key={"id": {"S": "1"}})))
tell("dynamodb-condition", lambda: dynamo(lambda c: c.update_item(TableName="orders", Key={"pk": {"S": "1"}}, UpdateExpression="SET a = :a", ConditionExpression="attribute_exists(pk)", ExpressionAttributeValues={":a": {"N": "1"}})))
tell("dynamodb-reserved", lambda: dynamo(lambda c: c.update_item(TableName="orders", Key={"pk": {"S": "1"}}, UpdateExpression="SET status = :a", ExpressionAttributeValues={":a": {"S": "1"}})))
def s3(call):
    with mock_aws():
        call(boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"))
tell("s3-bucket", lambda: s3(lambda c: c.get_object(Bucket="shop-invoices-prod", Key="2026/01/4711.pdf")))
tell("boto-parameters", lambda: s3(lambda c: c.get_object(Bucket="shop-invoices-prod", Ky="x")))
tell("boto-credentials", lambda: boto3.client("sqs", region_name="eu-central-1").list_queues())
tell("boto-region", lambda: boto3.client("sqs"))
tell("boto-endpoint", lambda: boto3.client("s3", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9000", aws_access_key_id="x", aws_secret_access_key="x").list_buckets())
"""

j = Dressing(python_json)
p = Dressing(pretty_json)
CASES = {
    "mysql-unique": ("database_error", 409, lambda f: j.detail(f.message)),
    "mysql-foreign-key": ("database_error", 400, lambda f: j.error(f.message)),
    "mysql-foreign-key-parent": ("database_error", 500, lambda f: d.html_pre(f.message)),
    "mysql-null": ("database_error", 400, lambda f: j.function(f.message)),
    "mysql-default": ("database_error", 500, lambda f: d.flash_cookie(f.message)),
    "mysql-check": ("database_error", 422, lambda f: j.envelope(f.message)),
    "mysql-too-long": ("database_error", 400, lambda f: d.header("X-Error-Message", f.message)),
    "mysql-range": ("database_error", 400, lambda f: j.batch(f.message)),
    "mysql-date": ("database_error", 400, lambda f: d.form(f.message)),
    "mysql-truncated": ("database_error", 400, lambda f: j.twice_nested(f.message)),
    "mysql-syntax": ("database_error", 500, lambda f: d.html_alert(f.message)),
    "mysql-no-table": ("database_error", 500, lambda f: j.problem(f.message)),
    "mysql-no-column": ("database_error", 500, lambda f: d.location(f.message, "/orders", "flash")),
    "mysql-ambiguous": ("database_error", 500, lambda f: j.proxied("reports", f.message)),
    "mysql-function": ("database_error", 500, lambda f: j.json_rpc(f.message)),
    "mysql-denied": ("infrastructure", 500, lambda f: j.health("mysql", f.message)),
    "mysql-denied-connector": ("infrastructure", 503, lambda f: j.gateway(f.message, "error")),
    "mysql-command-denied": ("database_error", 500, lambda f: d.plain(f.message)),
    "mysql-no-database": ("database_error", 500, lambda f: j.error(f.message)),
    "mysql-refused": ("infrastructure", 500, lambda f: j.stack_lines(f.message, f.trace)),
    "mysql-refused-connector": ("infrastructure", 503, lambda f: d.html_table(f.message)),
    "mysql-unresolved": ("infrastructure", 503, lambda f: j.coded(f.message)),
    "mysql-timeout": ("database_error", 504, lambda f: j.detail(f"Database error: {f.message}")),
    "mysql-columns": ("database_error", 500, lambda f: d.html_attribute(f.message)),
    "mysql-arguments": ("library", 500, lambda f: j.error(f.message)),
    "mysql-deadlock": ("database_error", 409, lambda f: j.event(f.message)),
    "mysql-lock-wait": ("database_error", 503, lambda f: j.sse(f.message)),
    "mysql-lost": ("database_error", 500, lambda f: j.job(f.message)),
    "mysql-sqlalchemy": ("database_error", 409, lambda f: j.detail(f.message)),
    "sqlite-unique": ("database_error", 400, lambda f: j.error(f.message)),
    "sqlite-null": ("database_error", 400, lambda f: j.gateway(f"{f.type}: {f.message}")),
    "sqlite-check": ("database_error", 400, lambda f: d.html_pre(f.message)),
    "sqlite-strict": ("database_error", 400, lambda f: d.location(f.message)),
    "sqlite-syntax": ("database_error", 500, lambda f: p.stack(f.message, f.trace)),
    "sqlite-unrecognized": ("database_error", 500, lambda f: d.oauth_redirect(f.message)),
    "sqlite-no-column": ("database_error", 500, lambda f: j.ndjson(f.message)),
    "sqlite-no-such-column": ("database_error", 500, lambda f: d.utf16(j.detail(f.message))),
    "sqlite-columns": ("database_error", 500, lambda f: j.event(f.message)),
    "sqlite-bindings": ("library", 500, lambda f: j.error(f.message)),
    "sqlite-type": ("library", 500, lambda f: d.html_comment(f.message)),
    "sqlite-one-statement": ("library", 400, lambda f: j.error(f"{f.type}: {f.message}")),
    "sqlite-open": ("database_error", 500, lambda f: j.detail(f"sqlite3.{f.type}: {f.message}")),
    "sqlite-thread": ("library", 500, lambda f: d.plain(f.message)),
    "sqlite-closed": ("database_error", 500, lambda f: j.detail(f.message)),
    "sqlite-foreign": ("database_error", 409, lambda f: j.function(f.message)),
    "sqlite-locked": (
        "database_error",
        503,
        lambda f: d.header("Warning", f'199 shop "{f.message}"'),
    ),
    "sqlite-read-only": ("database_error", 500, lambda f: d.percent_link(f.message)),
    "sqlite-not-a-database": ("database_error", 500, lambda f: j.error(f.message)),
    "sqlalchemy-lazy": ("library", 500, lambda f: j.detail(f.message)),
    "sqlite-sqlalchemy": ("database_error", 500, lambda f: d.html_numeric(f.message)),
    "sqlalchemy-multiple": ("library", 500, lambda f: j.twice_nested(f"{f.type}: {f.message}")),
    "peewee-not-exist": ("library", 404, lambda f: j.error(f.message)),
    "duckdb-unique": ("database_error", 409, lambda f: j.error(f.message)),
    "duckdb-column": ("database_error", 400, lambda f: d.html_pre(f.message)),
    "duckdb-parser": ("database_error", 400, lambda f: j.detail(f.message)),
    "duckdb-conversion": ("database_error", 400, lambda f: j.json_api(f.message, 400)),
    "duckdb-file": ("source_path", 500, lambda f: j.error(f.message)),
    "duckdb-catalog": ("database_error", 400, lambda f: j.gateway(f.message, "detail")),
    "redis-wrong-type": ("database_error", 500, lambda f: j.error(f.message)),
    "redis-not-integer": ("database_error", 500, lambda f: d.location(f.message)),
    "redis-command": ("database_error", 500, lambda f: j.graphql(f.message, "cart", f.trace)),
    "redis-arguments": ("database_error", 500, lambda f: j.event(f.message)),
    "redis-script": ("database_error", 500, lambda f: d.html_breaks(f.message)),
    "redis-script-compile": ("database_error", 500, lambda f: j.detail(f.message)),
    "redis-noscript": ("database_error", 500, lambda f: d.flash_cookie(f.message)),
    "redis-auth": ("database_error", 500, lambda f: j.health("redis", f"{f.type}: {f.message}")),
    "redis-index": ("database_error", 500, lambda f: j.proxied("session-store", f.message)),
    "redis-refused": ("infrastructure", 503, lambda f: j.error(f.message)),
    "redis-unresolved": ("infrastructure", 503, lambda f: d.html_alert(f.message)),
    "redis-data": ("library", 500, lambda f: j.message(f.message)),
    "redis-exec": ("database_error", 500, lambda f: d.base64_field(f.trace, "exception_b64")),
    "redis-group": ("database_error", 500, lambda f: j.job(f.message)),
    "dynamodb-table": ("database_error", 500, lambda f: j.error(f.message)),
    "dynamodb-key": ("database_error", 400, lambda f: j.function(f.message)),
    "dynamodb-condition": ("database_error", 409, lambda f: d.html_pre(f.message)),
    "dynamodb-reserved": ("database_error", 400, lambda f: d.location(f.message)),
    "s3-bucket": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "boto-parameters": ("library", 500, lambda f: d.plain(f.message)),
    "boto-credentials": ("library", 500, lambda f: j.message(f.message)),
    "boto-region": (
        "library",
        500,
        lambda f: d.header("X-Error", f"botocore.exceptions.{f.type}: {f.message}"),
    ),
    "boto-endpoint": ("infrastructure", 500, lambda f: j.detail(f.message)),
}

SOURCES = {
    "mysql-sqlalchemy": "MariaDB 10.11 through SQLAlchemy 2 on PyMySQL",
    "mysql": "MariaDB 10.11 through PyMySQL or MySQL Connector/Python",
    "sqlalchemy": "SQLAlchemy 2",
    "sqlite-sqlalchemy": "SQLite through SQLAlchemy 2",
    "peewee": "peewee",
    "duckdb": "DuckDB",
    "redis": "Redis 7 through redis-py",
    "dynamodb": "DynamoDB as moto emulates it, through boto3",
    "s3": "S3 as moto emulates it, through boto3",
    "boto": "boto3",
}

if __name__ == "__main__":
    need_port(3306, "MariaDB")
    need_port(6379, "Redis")
    python = need_python(
        *"pymysql mysql-connector-python redis duckdb boto3 moto aiosqlite".split(),
        *"peewee SQLAlchemy".split(),
    )
    write({"teller.py": PYTHON_TELLER, "stock.py": PROGRAM})
    corpus = Corpus("store", "run", "SQLite through Python's sqlite3", SOURCES)
    corpus.add_failures(failures([python, "/srv/shop/stock.py"]), CASES)
    corpus.print()
