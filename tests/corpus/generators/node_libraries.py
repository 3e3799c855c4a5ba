"""What V8, Node and its main libraries say of bad input, and of hosts that refuse."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, node_json, pretty_json
from entries import Corpus
from workshop import NODE_TELLER, failures, need_node, private, write

RUNTIME = r"""
const { tell } = require('./teller.cjs');
const fs = require('fs'), util = require('util'), crypto = require('crypto'), zlib = require('zlib'), vm = require('vm');
(async () => {
  let order; const nothing = null; const cart = {};
  await tell('read-undefined', () => order.lines);
  await tell('read-null', () => nothing.price);
  await tell('set-undefined', () => { cart.lines[0] = 3; });
  await tell('not-function', () => cart.lines.map((l) => l).filter(1));
  await tell('map-not-function', () => ({}).map((x) => x));
  await tell('not-iterable', () => { const [a] = {}; });
  await tell('not-defined', () => taxRate * 3);
  await tell('assign-const', () => { const total = 1; total += 1; });
  await tell('before-init', () => { use; let use = 1; });
  await tell('json-token', () => JSON.parse('<!DOCTYPE html>'));
  await tell('json-end', () => JSON.parse('{"sku": "MUG-01"'));
  await tell('circular', () => { const a = { b: {} }; a.b.a = a; JSON.stringify(a); });
  await tell('bigint', () => JSON.stringify({ id: 3n }));
  await tell('bigint-mix', () => 3n + 4);
  await tell('stack', () => { const f = () => f(); f(); });
  await tell('date', () => new Date('soon').toISOString());
  await tell('array-length', () => new Array(-1));
  await tell('to-fixed', () => (3.2).toFixed(101));
  await tell('currency', () => new Intl.NumberFormat('en', { style: 'currency', currency: 'EURO' }));
  await tell('regexp', () => new RegExp('('));
  await tell('class-without-new', () => { class Cart {} Cart(); });
  await tell('private-field', () => { class A { #x = 1; static get(o) { return o.#x; } } A.get({}); });
  await tell('instanceof', () => ({}) instanceof 3);
  await tell('no-module', () => require('./services/tax'));
  await tell('enoent', () => fs.readFileSync('/srv/shop/config/production.json'));
  await tell('eisdir', () => fs.readFileSync('/srv/shop'));
  await tell('invalid-arg', () => fs.readFileSync(undefined));
  await tell('out-of-range', () => Buffer.alloc(3).readUInt32LE(2));
  await tell('decipher', () => { const c = crypto.createDecipheriv('aes-256-cbc', Buffer.alloc(32), Buffer.alloc(16)); c.update('00', 'hex'); c.final(); });
  await tell('pem', () => crypto.createPrivateKey('not a key'));
  await tell('key-length', () => crypto.createCipheriv('aes-256-cbc', 'short', Buffer.alloc(16)));
  await tell('zlib', () => zlib.gunzipSync(Buffer.from('no gzip')));
  await tell('url', () => new URL('shop.internal/checkout'));
  await tell('uri', () => decodeURIComponent('%E0%A4%A'));
  await tell('headers-sent', () => { const http = require('http'); const r = new http.ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 }); r.writeHead(200); r.flushHeaders(); r.setHeader('a', 'b'); });
  await tell('header-invalid', () => { const http = require('http'); new http.OutgoingMessage().setHeader('X-Name', 'a\nb'); });
  await tell('aggregate', () => Promise.any([Promise.reject(new Error('stock: 503')), Promise.reject(new Error('price: 504'))]));
  await tell('cause', () => { try { order.total; } catch (e) { throw new Error(util.inspect(new Error('checkout failed', { cause: e }))); } });
  await tell('vm', () => vm.runInNewContext('throw new ReferenceError("rules is not defined")', {}, { filename: '/srv/shop/rules/discount.js' }));
  await tell('timeout', () => AbortSignal.timeout(1) && new Promise((_, no) => { const s = AbortSignal.timeout(5); s.onabort = () => no(s.reason); setTimeout(() => {}, 50); }));
  await tell('assert', () => require('assert').strictEqual(3, 4, undefined));
  await tell('clone', () => structuredClone({ f() {} }));

  const { z } = require('zod'); const Joi = require('joi'); const Ajv = require('ajv'); const yup = require('yup');
  const jwt = require('jsonwebtoken'); const jose = require('jose'); const ss = require('superstruct');
  await tell('zod', () => z.object({ email: z.string().email(), quantity: z.number().int() }).parse({ email: 'x', quantity: '3' }));
  await tell('joi', () => { const { error } = Joi.object({ email: Joi.string().email().required() }).validate({ email: 'x' }); throw new Error(JSON.stringify(error)); });
  await tell('ajv', () => { const ajv = new Ajv(); const v = ajv.compile({ type: 'object', properties: { price: { type: 'number' } }, required: ['sku'], additionalProperties: false }); v({ price: 'x', sku: 1, y: 1 }); throw new Error(JSON.stringify(v.errors)); });
  await tell('ajv-compile', () => new Ajv().compile({ type: 'object', propertys: {} }));
  await tell('yup', async () => { try { await yup.object({ age: yup.number().required() }).validate({ age: 'x' }); } catch (e) { throw new Error(JSON.stringify(e)); } });
  await tell('superstruct', () => ss.assert({ price: 'x' }, ss.object({ price: ss.number() })));
  await tell('class-validator', async () => { const cv = require('class-validator'); const e = new cv.ValidationError(); class O { constructor() { this.total = 'x'; } } cv.IsNumber()(O.prototype, 'total'); throw new Error(JSON.stringify(await cv.validate(new O()))); });
  await tell('jwt-malformed', () => jwt.verify('abc', 'k'));
  await tell('jwt-signature', () => jwt.verify(jwt.sign({ a: 1 }, 'k'), 'q'));
  await tell('jwt-expired', () => jwt.verify(jwt.sign({ exp: 1 }, 'k'), 'k'));
  await tell('jwt-audience', () => jwt.verify(jwt.sign({ aud: 'x' }, 'k'), 'k', { audience: 'shop', issuer: 'y' }));
  await tell('jwt-secret', () => jwt.sign({ a: 1 }, undefined));
  await tell('jose', () => jose.jwtVerify('a.b.c', new Uint8Array(32)));
  await tell('jose-claim', async () => { const k = new Uint8Array(32); return jose.jwtVerify(await new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(1).sign(k), k); });
  const { buildSchema, graphql } = require('graphql');
  const schema = buildSchema('type Query { order(id: Int!): Order } type Order { id: Int!, total: Float! }');
  const gql = async (source, root) => { const { errors } = await graphql({ schema, source, rootValue: root }); throw errors[0].originalError ?? errors[0]; };
  await tell('graphql-field', () => gql('{ orders { id } }'));
  await tell('graphql-null', () => gql('{ order(id: 1) { total } }', { order: () => ({}) }));
  await tell('graphql-variable', () => gql('{ order(id: "x") { id } }'));
  await tell('graphql-syntax', () => gql('{ order('));
  const ejs = require('ejs'), pug = require('pug'), hb = require('handlebars');
  await tell('ejs', () => ejs.render('<h1><%= order.total %></h1>', {}, { filename: '/srv/shop/views/receipt.ejs' }));
  await tell('pug', () => pug.render('h1= order.total', { filename: '/srv/shop/views/receipt.pug' }));
  await tell('handlebars', () => hb.compile('{{#if order}}{{total}}')({}));
})();
"""

NETWORK = r"""
const { tell } = require('./teller.cjs');
const HOST = '10.20.3.14';
(async () => {
  const axios = require('axios');
  const quiet = (e) => { e.on?.('error', () => {}); return e; };
  await tell('axios-json', async () => { try { await axios.post('http://pricing.shop.svc.cluster.local/quote', { sku: 'MUG-01' }, { headers: { Authorization: 'Bearer 3f9a-not-a-real-token-77' }, timeout: 900 }); } catch (e) { const { config, code, name, message } = e.toJSON(); throw new Error(JSON.stringify({ message, name, code, config: { url: config.url, method: config.method, data: config.data, timeout: config.timeout, headers: config.headers } })); } });
  await tell('fetch', async () => { try { await fetch(`http://${HOST}:8080/v1`); } catch (e) { throw new Error(`${e.name}: ${e.message}: ${e.cause?.message}`); } });
  await tell('fetch-stack', async () => { try { await fetch('http://inventory.internal:3000/'); } catch (e) { throw Object.assign(e, { stack: e.stack + '\n  [cause]: ' + e.cause.stack }); } });
  await tell('node-fetch', async () => { const { default: f } = await import('node-fetch'); await f(`http://${HOST}:8080/v1`); });
  await tell('kafkajs', async () => { const { Kafka, logLevel } = require('kafkajs'); const p = new Kafka({ brokers: [`${HOST}:9092`], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).producer(); await p.connect(); });
  await tell('cassandra', async () => { const c = new (require('cassandra-driver').Client)({ contactPoints: [HOST], localDataCenter: 'dc1', keyspace: 'shop' }); await c.execute('SELECT * FROM orders'); });
  await tell('mssql', () => require('mssql').connect({ server: HOST, user: 'sa', password: 'x', database: 'Shop', options: { encrypt: false } }));
  await tell('oracledb', () => require('oracledb').getConnection({ user: 'shop', password: 'x', connectString: `${HOST}:1521/SHOPPDB1` }));
  await tell('neo4j', () => { const n = require('neo4j-driver'); return n.driver(`bolt://${HOST}:7687`, n.auth.basic('neo4j', 'x'), { connectionTimeout: 500 }).verifyConnectivity(); });
  await tell('elasticsearch', () => new (require('@elastic/elasticsearch').Client)({ node: `http://${HOST}:9200`, maxRetries: 0 }).search({ index: 'products' }));
  await tell('redis', async () => { const r = quiet(require('redis').createClient({ url: `redis://${HOST}:6379`, socket: { reconnectStrategy: false } })); await r.connect(); });
  await tell('nats', () => require('nats').connect({ servers: `${HOST}:4222`, reconnect: false, maxReconnectAttempts: 0 }));
  await tell('grpc', () => new Promise((_, no) => { const g = require('@grpc/grpc-js'); const c = new g.Client(`${HOST}:50051`, g.credentials.createInsecure()); c.makeUnaryRequest('/shop.Pricing/Quote', (x) => x, (x) => x, Buffer.alloc(0), { deadline: Date.now() + 1500 }, (e) => no(e)); }));
  await tell('s3', async () => { const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3'); await new S3Client({ region: 'eu-central-1', maxAttempts: 1 }).send(new GetObjectCommand({ Bucket: 'shop-invoices-prod', Key: '4711.pdf' })); });
  await tell('smtp', () => new Promise((_, no) => require('net').connect(25, 'smtp-relay.shop.internal').on('error', no)));
  await tell('unreachable', () => new Promise((_, no) => require('net').connect(5432, '172.31.9.77').on('error', no)));
  await tell('dual', () => new Promise((_, no) => require('net').connect({ port: 6432, host: 'localhost', autoSelectFamily: true }).on('error', (e) => no(new Error(`${e.name} [${e.code}]: ${(e.errors ?? [e]).map((x) => x.message).join(', ')}`)))));
  await tell('in-use', () => new Promise((_, no) => { const n = require('net'); n.createServer().listen(3000, HOST, () => n.createServer().listen(3000, HOST).on('error', no)); }));
  await tell('socket-file', () => new Promise((_, no) => require('net').connect('/var/run/php/php8.2-fpm.sock').on('error', no)));
  process.exit(0);
})();
"""

j = Dressing(node_json)
p = Dressing(pretty_json)
CASES = {
    "read-undefined": ("library", 500, lambda f: j.message(f.message)),
    "read-null": ("stack_trace", 500, lambda f: j.stack(f.message, f.trace)),
    "set-undefined": ("library", 500, lambda f: d.html_script(f.message)),
    "map-not-function": ("library", 500, lambda f: j.gateway(f.message)),
    "not-iterable": ("library", 500, lambda f: j.error(f.message)),
    "not-defined": ("stack_trace", 500, lambda f: d.html_breaks(f.trace)),
    "assign-const": ("library", 500, lambda f: d.location(f.message)),
    "before-init": ("library", 500, lambda f: j.twice_nested(f.message)),
    "json-token": ("library", 502, lambda f: j.error(f.message)),
    "json-end": ("library", 400, lambda f: d.html_attribute(f.message)),
    "circular": ("library", 500, lambda f: j.message(f.message)),
    "bigint": ("library", 500, lambda f: d.header("X-Error", f"{f.type}: {f.message}")),
    "bigint-mix": ("library", 500, lambda f: j.function(f.message)),
    "stack": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "date": ("library", 400, lambda f: j.error(f"{f.type}: {f.message}")),
    "array-length": ("library", 500, lambda f: d.html_pre(f.trace)),
    "to-fixed": ("library", 500, lambda f: j.envelope(f.message)),
    "currency": ("library", 500, lambda f: j.proxied("pricing", f"{f.type}: {f.message}")),
    "regexp": ("library", 400, lambda f: d.location(f.message)),
    "class-without-new": ("library", 500, lambda f: j.coded(f.message)),
    "private-field": ("library", 500, lambda f: j.error(f.message)),
    "instanceof": ("library", 500, lambda f: j.event(f.message)),
    "no-module": ("source_path", 500, lambda f: j.nest(f.message)),
    "enoent": ("source_path", 500, lambda f: j.error(f.message)),
    "eisdir": ("library", 500, lambda f: j.job(f.message)),
    "invalid-arg": (
        "library",
        500,
        lambda f: j.message(f"{f.type} [ERR_INVALID_ARG_TYPE]: {f.message}"),
    ),
    "out-of-range": ("library", 500, lambda f: j.webhook(f.message)),
    "decipher": ("library", 500, lambda f: j.error(f.message)),
    "pem": ("library", 500, lambda f: d.oauth_redirect(f.message)),
    "key-length": ("stack_trace", 500, lambda f: p.stack(f.message, f.trace)),
    "zlib": ("library", 400, lambda f: j.batch(f"{f.type}: {f.message}")),
    "url": (
        "library",
        500,
        lambda f: j.error(
            f"{f.type} [ERR_INVALID_URL]: {f.message}, input: 'shop.internal/checkout'"
        ),
    ),
    "uri": ("stack_trace", 400, lambda f: d.html_pre(f.trace)),
    "headers-sent": ("library", 500, lambda f: j.ndjson(f.message)),
    "header-invalid": ("library", 500, lambda f: j.gateway(f.message)),
    "aggregate": ("library", 500, lambda f: j.error(f"{f.type}: {f.message}")),
    "cause": ("stack_trace", 500, lambda f: d.html_comment(f.message)),
    "vm": ("stack_trace", 500, lambda f: d.base64_field(f.trace, "stackBase64")),
    "timeout": ("library", 504, lambda f: j.error(f"{f.type}: {f.message}")),
    "assert": ("library", 500, lambda f: d.html_pre(f.message)),
    "clone": ("library", 500, lambda f: j.json_rpc(f.message)),
    "zod": ("library", 400, lambda f: j.message(f.message)),
    "joi": ("library", 400, lambda f: j.json({"error": d.json.loads(f.message)})),
    "ajv": (
        "library",
        400,
        lambda f: j.json({"message": "Bad request", "errors": d.json.loads(f.message)}),
    ),
    "ajv-compile": ("library", 500, lambda f: j.error(f.message)),
    "yup": ("library", 400, lambda f: d.Answer(f.message, "json", d.JSON)),
    "superstruct": ("library", 400, lambda f: j.graphql(f.message, "setPrice")),
    "class-validator": ("library", 400, lambda f: j.gateway(f.message)),
    "jwt-malformed": ("library", 401, lambda f: j.error(f.message)),
    "jwt-signature": ("library", 401, lambda f: j.json({"name": f.type, "message": f.message})),
    "jwt-expired": ("library", 401, lambda f: j.function(f"{f.type}: {f.message}", 401)),
    "jwt-audience": ("library", 401, lambda f: d.bearer(f.message)),
    "jwt-secret": ("library", 500, lambda f: j.nest(f.message)),
    "jose": ("library", 401, lambda f: j.error(f"{f.type}: {f.message}")),
    "jose-claim": ("library", 401, lambda f: d.bearer(f.message)),
    "graphql-field": ("library", 400, lambda f: j.graphql(f.message, "orders")),
    "graphql-null": ("library", 200, lambda f: j.graphql(f.message, "order", f.trace)),
    "graphql-syntax": ("library", 400, lambda f: d.location(f.message)),
    "ejs": ("source_path", 500, lambda f: d.html_pre(f.message)),
    "pug": ("source_path", 500, lambda f: j.error(f.message)),
    "handlebars": ("library", 500, lambda f: d.html_numeric(f.message)),
}

NETWORK_CASES = {
    "axios-json": ("credential", 502, lambda f: j.json({"error": d.json.loads(f.message)})),
    "fetch": ("infrastructure", 502, lambda f: j.twice_nested(f.message)),
    "fetch-stack": ("stack_trace", 502, lambda f: j.stack(f.message, f.trace)),
    "node-fetch": ("infrastructure", 502, lambda f: d.html_alert(f.message)),
    "kafkajs": ("infrastructure", 503, lambda f: j.error(f"{f.type}: {f.message}")),
    "cassandra": ("infrastructure", 503, lambda f: d.flash_cookie(f.message)),
    "mssql": ("infrastructure", 503, lambda f: j.nest(f.message)),
    "oracledb": ("infrastructure", 503, lambda f: d.html_table(f.message)),
    "neo4j": ("infrastructure", 503, lambda f: d.location(f.message)),
    "elasticsearch": ("infrastructure", 503, lambda f: d.base64_field(f.trace, "debug_base64")),
    "redis": ("stack_trace", 503, lambda f: d.utf16(j.stack_lines(f.message, f.trace))),
    "nats": ("infrastructure", 503, lambda f: j.error(f"{f.type}: {f.message}")),
    "grpc": ("infrastructure", 503, lambda f: j.error(f.message)),
    "s3": ("library", 500, lambda f: j.function(f.message)),
    "smtp": ("infrastructure", 500, lambda f: j.error(f.message)),
    "unreachable": ("infrastructure", 503, lambda f: j.proxied("billing", f.message)),
    "dual": ("infrastructure", 503, lambda f: j.event(f.message)),
    "in-use": ("infrastructure", 500, lambda f: d.plain(f.message)),
    "socket-file": ("infrastructure", 500, lambda f: d.header("X-Deploy-Error", f.message)),
}

SOURCES = {
    "zod": "Zod",
    "joi": "Joi",
    "ajv": "Ajv",
    "yup": "Yup",
    "superstruct": "Superstruct",
    "class-validator": "class-validator",
    "jwt": "jsonwebtoken",
    "jose": "jose",
    "graphql": "graphql-js",
    "ejs": "EJS",
    "pug": "Pug",
    "handlebars": "Handlebars",
    "axios": "axios",
    "fetch": "Node 20, fetch",
    "kafkajs": "KafkaJS",
    "cassandra": "DataStax' driver for Cassandra",
    "mssql": "mssql on Tedious",
    "oracledb": "node-oracledb, thin mode",
    "neo4j": "Neo4j's driver",
    "elasticsearch": "Elasticsearch's client",
    "redis": "node-redis",
    "nats": "nats.js",
    "grpc": "grpc-js",
    "s3": "AWS' SDK 3",
}

if __name__ == "__main__":
    need_node(
        *"zod joi ajv yup superstruct class-validator jsonwebtoken jose graphql ejs pug".split(),
        *"handlebars axios node-fetch kafkajs cassandra-driver mssql".split(),
        *"oracledb neo4j-driver @elastic/elasticsearch redis nats @grpc/grpc-js".split(),
        "@aws-sdk/client-s3",
    )
    write({"teller.cjs": NODE_TELLER, "pricing.cjs": RUNTIME, "upstream.cjs": NETWORK})
    corpus = Corpus("node", "run", "Node 20", SOURCES)
    corpus.add_failures(failures(["node", "pricing.cjs"]), CASES)
    corpus.add_failures(failures(private("10.20.3.14", ["node", "upstream.cjs"])), NETWORK_CASES)
    corpus.print()
