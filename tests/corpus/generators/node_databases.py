"""What Node's drivers and object mappers say of PostgreSQL, MariaDB, SQLite and Redis."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, node_json, pretty_json
from entries import Corpus
from workshop import NODE_TELLER, failures, need_node, need_port, write

PROGRAM = r"""
const { tell } = require('./teller.cjs');
const { Client, Pool } = require('pg');
const mysql = require('mysql2/promise');
const Redis = require('ioredis');
const { Sequelize, DataTypes } = require('sequelize');
const knex = require('knex');
const { Model } = require('objection');
const Database = require('better-sqlite3');
const mongoose = require('mongoose');
const { DataSource, EntitySchema } = require('typeorm');

const PG = 'postgresql://postgres@127.0.0.1:5432/postgres';
async function pg(sql, args, url = PG) {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try { return await client.query(sql, args); } finally { await client.end(); }
}
async function my(sql, args, more = {}) {
  const db = await mysql.createConnection({ host: '127.0.0.1', user: 'root', ...more });
  try { return await db.execute(sql, args); } finally { await db.end(); }
}

(async () => {
  await pg('DROP SCHEMA IF EXISTS corpus_node CASCADE; CREATE SCHEMA corpus_node; ' +
    'CREATE TABLE corpus_node.accounts (id serial PRIMARY KEY, email text UNIQUE NOT NULL, plan smallint); ' +
    "INSERT INTO corpus_node.accounts (email) VALUES ('ann@shop.example')");
  await my('CREATE DATABASE IF NOT EXISTS corpus_node');
  await my('CREATE TABLE IF NOT EXISTS corpus_node.invoices (id INT PRIMARY KEY, number VARCHAR(12) UNIQUE, total DECIMAL(8,2))');
  await my("REPLACE INTO corpus_node.invoices VALUES (1, 'R-2026-0001', 10)");
  const S = (sql, args) => pg('SET search_path = corpus_node').then(() => pg(sql.replace('accounts', 'corpus_node.accounts'), args));
  await tell('pg-unique', () => S("INSERT INTO accounts (email) VALUES ('ann@shop.example')"));
  await tell('pg-relation', () => pg('SELECT * FROM subscriptions'));
  await tell('pg-integer', () => S('SELECT * FROM accounts WHERE id = $1', ['undefined']));
  await tell('pg-bind', () => S('SELECT * FROM accounts WHERE id = $1', []));
  await tell('pg-syntax', () => pg('SELECT FROM WHERE'));
  await tell('pg-refused', () => pg('SELECT 1', [], 'postgresql://shop@127.0.0.1:5439/shop'));
  await tell('pg-database', () => pg('SELECT 1', [], 'postgresql://postgres@127.0.0.1:5432/shop_prod'));
  await tell('pg-unresolved', () => pg('SELECT 1', [], 'postgresql://shop@shop-db.cluster-c1x2.eu-central-1.rds.shop.example:5432/shop'));
  await tell('pg-released', async () => { const c = new Client(PG); await c.connect(); await c.end(); await c.query('SELECT 1'); });
  await tell('pg-pool', async () => {
    const pool = new Pool({ connectionString: PG, max: 1, connectionTimeoutMillis: 100 });
    const held = await pool.connect();
    try { await pool.query('SELECT 1'); } finally { held.release(); await pool.end(); }
  });
  await tell('mysql2-duplicate', () => my("INSERT INTO corpus_node.invoices VALUES (2, 'R-2026-0001', 3)"));
  await tell('mysql2-parse', () => my('SELECT * FORM invoices'));
  await tell('mysql2-undefined', () => my('SELECT ?', [undefined]));
  await tell('mysql2-refused', () => my('SELECT 1', [], { port: 3309 }));
  await tell('mysql2-denied', () => my('SELECT 1', [], { user: 'shop_web', password: 'x' }));
  await tell('mysql2-no-database', () => my('SELECT * FROM invoices'));
  await tell('mysql2-decimal', () => my("UPDATE corpus_node.invoices SET total = 'ten'"));
  await tell('mysql2-timeout', () => my('SELECT 1', [], { host: '10.255.255.1', connectTimeout: 200 }));

  const redis = new Redis({ db: 9 });
  await redis.set('corpus:cart', 'x');
  await tell('ioredis-type', () => redis.hgetall('corpus:cart'));
  await tell('ioredis-args', () => redis.call('EXPIRE', 'corpus:cart'));
  await tell('ioredis-closed', async () => { const r = new Redis({ db: 9 }); await r.quit(); await r.get('a'); });
  await tell('ioredis-retries', async () => { const r = new Redis({ port: 6391, maxRetriesPerRequest: 1 }); r.on('error', () => {}); try { await r.get('a'); } finally { r.disconnect(); } });
  await redis.del('corpus:cart'); await redis.quit();

  const sequelize = new Sequelize({ dialect: 'postgres', logging: false, host: '127.0.0.1', username: 'postgres', database: 'postgres', schema: 'corpus_node' });
  const Account = sequelize.define('Account', { email: { type: DataTypes.STRING, allowNull: false, unique: true, validate: { isEmail: true } }, plan: DataTypes.SMALLINT }, { schema: 'corpus_node', tableName: 'accounts', timestamps: false });
  const Basket = sequelize.define('Basket', {}, { schema: 'corpus_node' });
  await tell('sequelize-null', () => Account.create({ plan: 1 }));
  await tell('sequelize-unique', async () => { try { await Account.create({ email: 'ann@shop.example' }); } catch (e) { const { name, parent, errors, fields } = e; throw Object.assign(new Error(JSON.stringify({ name, parent, errors, fields })), { name }); } });
  await tell('sequelize-database', () => sequelize.query('SELECT totl FROM corpus_node.accounts'));
  await tell('sequelize-include', () => Account.findAll({ include: Basket }));
  await tell('sequelize-where', () => Account.findOne({ where: { email: undefined } }));
  await tell('sequelize-refused', () => new Sequelize('postgres://shop@127.0.0.1:5439/shop', { logging: false }).authenticate());
  await sequelize.close();

  const k = knex({ client: 'pg', connection: PG, searchPath: ['corpus_node'], pool: { min: 0, max: 1 }, acquireConnectionTimeout: 200 });
  await tell('knex-unique', () => k('accounts').insert({ email: 'ann@shop.example' }));
  await tell('knex-undefined', () => k('accounts').where({ id: undefined }).first());
  await tell('knex-timeout', async () => { const t = await k.transaction(); try { await k('accounts').first(); } finally { await t.rollback(); } });
  await tell('knex-column', () => k('accounts').select('emial'));
  class Order extends Model { static get tableName() { return 'accounts'; } static get jsonSchema() { return { type: 'object', required: ['email'], properties: { email: { type: 'string', minLength: 3 } } }; } }
  Order.knex(k);
  await tell('objection-validation', () => Order.query().insert({ email: 4 }));
  await tell('objection-not-found', () => Order.query().findById(999).throwIfNotFound());
  await tell('objection-relation', () => Order.query().withGraphFetched('lines'));
  await k.destroy();

  const lite = new Database('/srv/shop/node.sqlite3');
  lite.exec("DROP TABLE IF EXISTS tags; CREATE TABLE tags (name TEXT PRIMARY KEY); INSERT INTO tags VALUES ('new')");
  await tell('better-sqlite3-unique', () => lite.prepare('INSERT INTO tags VALUES (?)').run('new'));
  await tell('better-sqlite3-bind', () => lite.prepare('INSERT INTO tags VALUES (?)').run({}));
  await tell('better-sqlite3-missing', () => lite.prepare('SELECT * FROM tags WHERE name = @name').get({}));
  await tell('better-sqlite3-directory', () => new Database('/srv/shop/tenants/12/main.db'));
  await tell('better-sqlite3-table', () => lite.prepare('SELECT * FROM labels'));

  const Customer = mongoose.model('Customer', new mongoose.Schema({ email: { type: String, required: true }, age: { type: Number, min: 18 }, state: { type: String, enum: ['new', 'old'] } }));
  await tell('mongoose-validation', () => new Customer({ age: 3, state: 'gone' }).validate());
  await tell('mongoose-cast', () => new Customer({ email: 'a', age: 'x' }).validate());
  mongoose.set('bufferTimeoutMS', 200);
  await tell('mongoose-buffer', () => Customer.findOne({ email: 'a' }));
  await tell('mongoose-objectid', () => Customer.castObject ? Customer.find({ _id: 'abc' }).cast(Customer) : 0);
  await tell('mongoose-strict', () => Customer.find({ nick: 'x' }, null, { strictQuery: 'throw' }).cast(Customer));
  await tell('mongoose-refused', () => mongoose.createConnection('mongodb://127.0.0.1:27099/shop', { serverSelectionTimeoutMS: 300 }).asPromise());
  await tell('mongoose-overwrite', () => mongoose.model('Customer', new mongoose.Schema({ a: String })));

  const Product = new EntitySchema({ name: 'Product', tableName: 'products', columns: { id: { type: Number, primary: true }, sku: { type: String, unique: true } } });
  const source = new DataSource({ type: 'better-sqlite3', database: ':memory:', entities: [Product], synchronize: true });
  await source.initialize();
  await source.getRepository('Product').insert({ id: 1, sku: 'MUG-01' });
  await tell('typeorm-unique', () => source.getRepository('Product').insert({ id: 2, sku: 'MUG-01' }));
  await tell('typeorm-not-found', () => source.getRepository('Product').findOneByOrFail({ sku: 'TEA-17' }));
  await tell('typeorm-metadata', () => source.getRepository('Basket').find());
  await tell('typeorm-property', () => source.getRepository('Product').find({ where: { price: 3 } }));
  await tell('typeorm-query', () => source.query('SELECT price FROM products'));
  await tell('typeorm-connect', () => new DataSource({ type: 'postgres', url: 'postgres://postgres@127.0.0.1:5432/shop_staging' }).initialize());

  const { drizzle } = require('drizzle-orm/better-sqlite3');
  const { sqliteTable, text } = require('drizzle-orm/sqlite-core');
  const coupons = sqliteTable('coupons', { code: text('code') });
  await tell('drizzle', () => drizzle(lite).select().from(coupons).all());
  const client = async (call) => { const { PrismaClient } = require('@prisma/client'); return call(new PrismaClient()); };
  await tell('prisma-generate', () => client((c) => c.order.findMany()));
  process.exit(0);
})();
"""

j = Dressing(node_json)
p = Dressing(pretty_json)
CASES = {
    "pg-unique": ("database_error", 409, lambda f: j.stack(f.message, f.trace)),
    "pg-relation": ("database_error", 500, lambda f: d.html_pre(f.trace)),
    "pg-integer": ("database_error", 400, lambda f: j.error(f.message)),
    "pg-bind": ("database_error", 500, lambda f: d.location(f.message)),
    "pg-syntax": ("database_error", 500, lambda f: j.graphql(f.message, "search", f.trace)),
    "pg-refused": (
        "infrastructure",
        503,
        lambda f: j.error(f.trace.partition("\n")[0] or f.message),
    ),
    "pg-database": ("database_error", 503, lambda f: j.health("postgres", f.message)),
    "pg-unresolved": ("infrastructure", 503, lambda f: j.nest(f.message)),
    "pg-released": ("library", 500, lambda f: j.error(f.message)),
    "pg-pool": ("library", 503, lambda f: d.html_alert(f.message)),
    "mysql2-duplicate": ("database_error", 409, lambda f: j.function(f.message)),
    "mysql2-parse": ("database_error", 500, lambda f: p.stack(f.message, f.trace)),
    "mysql2-undefined": ("library", 500, lambda f: j.error(f.message)),
    "mysql2-refused": ("infrastructure", 503, lambda f: j.gateway(f.message)),
    "mysql2-denied": ("infrastructure", 500, lambda f: d.location(f.message)),
    "mysql2-no-database": ("database_error", 500, lambda f: j.error(f.message)),
    "mysql2-decimal": ("database_error", 400, lambda f: d.html_script(f.message)),
    "mysql2-timeout": ("infrastructure", 504, lambda f: j.job(f.message)),
    "ioredis-type": ("stack_trace", 500, lambda f: j.stack_lines(f.message, f.trace)),
    "ioredis-args": ("database_error", 500, lambda f: j.message(f.message)),
    "ioredis-closed": ("library", 500, lambda f: j.error(f.message)),
    "ioredis-retries": ("library", 503, lambda f: j.proxied("cart", f.message)),
    "sequelize-null": ("library", 400, lambda f: j.error(f.message)),
    "sequelize-unique": ("database_error", 409, lambda f: d.Answer(f.message, "json", d.JSON)),
    "sequelize-database": ("database_error", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "sequelize-include": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "sequelize-where": ("library", 500, lambda f: d.form(f.message)),
    "sequelize-refused": ("infrastructure", 503, lambda f: d.html_table(f.trace)),
    "knex-unique": ("database_error", 409, lambda f: j.nest(f.message, 409)),
    "knex-undefined": ("library", 500, lambda f: d.html_attribute(f.message)),
    "knex-timeout": ("library", 503, lambda f: j.message(f.message)),
    "knex-column": ("database_error", 500, lambda f: d.flash_cookie(f.message)),
    "objection-validation": ("library", 400, lambda f: j.error(f"{f.type}: {f.message}")),
    "objection-relation": ("library", 500, lambda f: j.event(f.message)),
    "better-sqlite3-unique": ("stack_trace", 400, lambda f: d.plain(f.trace)),
    "better-sqlite3-bind": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "better-sqlite3-missing": ("library", 500, lambda f: j.function(f.message)),
    "better-sqlite3-directory": ("library", 500, lambda f: d.header("X-Error", f.message)),
    "mongoose-validation": ("library", 400, lambda f: j.message(f.message)),
    "mongoose-cast": ("library", 400, lambda f: d.html_pre(f.message)),
    "mongoose-buffer": ("library", 504, lambda f: j.error(f.message)),
    "mongoose-objectid": ("library", 400, lambda f: j.envelope(f.message)),
    "mongoose-strict": ("library", 400, lambda f: j.gateway(f.message)),
    "mongoose-refused": ("infrastructure", 503, lambda f: j.stack(f.message, f.trace)),
    "mongoose-overwrite": ("library", 500, lambda f: d.html_numeric(f.message)),
    "typeorm-unique": ("database_error", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "typeorm-not-found": ("library", 404, lambda f: j.nest(f.message, 404)),
    "typeorm-metadata": ("library", 500, lambda f: j.graphql(f.message, "basket")),
    "typeorm-property": ("library", 400, lambda f: d.oauth_redirect(f.message)),
    "typeorm-query": ("stack_trace", 500, lambda f: d.utf16(j.stack(f.message, f.trace))),
    "drizzle": ("database_error", 500, lambda f: j.error(f.message)),
    "prisma-generate": ("library", 500, lambda f: j.nest(f.message)),
}

SOURCES = {
    "pg": "node-postgres against PostgreSQL 15",
    "mysql2": "mysql2 against MariaDB 10.11",
    "ioredis": "ioredis",
    "sequelize": "Sequelize 6 against PostgreSQL 15",
    "knex": "Knex against PostgreSQL 15",
    "objection": "Objection",
    "better-sqlite3": "better-sqlite3",
    "mongoose": "Mongoose",
    "typeorm": "TypeORM on better-sqlite3",
    "drizzle": "Drizzle on better-sqlite3",
    "prisma": "Prisma's client, not generated",
}

if __name__ == "__main__":
    for port, service in ((5432, "PostgreSQL"), (3306, "MariaDB"), (6379, "Redis")):
        need_port(port, service)
    need_node(
        *"pg mysql2 ioredis sequelize knex objection better-sqlite3@12 mongoose typeorm".split(),
        *"drizzle-orm @prisma/client".split(),
    )
    write({"teller.cjs": NODE_TELLER, "repository.cjs": PROGRAM})
    corpus = Corpus("nodedb", "run", "Node 20", SOURCES)
    corpus.add_failures(failures(["node", "repository.cjs"]), CASES)
    corpus.print()
