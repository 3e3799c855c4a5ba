"""The default error answers of Node's web frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import dressing as d
from entries import Answer, Corpus
from workshop import Fetched, need_node, serve, write

EXPRESS = r"""
const express = require('express');
const app = express();
app.set('view engine', 'ejs'); app.set('views', '/srv/shop/views');
app.get('/order', (req, res) => { const order = undefined; res.send(order.lines.length); });
app.post('/json', express.json(), (req, res) => res.send('ok'));
app.post('/jsonapi', express.json(), (req, res) => res.send('ok'));
app.get('/file', (req, res, next) => res.sendFile('/srv/shop/invoices/4711.pdf', next));
app.get('/view', (req, res) => res.render('receipt'));
app.get('/spread', async (req, res) => { try { JSON.parse(undefined); } catch (error) { res.status(500).json({ ...error, name: error.name, message: error.message, stack: error.stack.split('\n') }); } });
app.get('/params/:id', (req, res) => res.send(req.params.id));
app.use('/jsonapi', (error, req, res, next) => { res.status(error.status).json({ error }); });
app.get('/header', (req, res) => { try { null.total; } catch (error) { res.set('X-Error-Stack', error.stack.split('\n').slice(0, 3).join(' |')); res.status(500).end(); } });
app.listen(+process.argv[2], '127.0.0.1');
"""

FASTIFY = r"""
const app = require('fastify')();
app.get('/', async () => { const cart = null; return cart.lines; });
app.post('/', { schema: { body: { type: 'object', required: ['sku'], properties: { quantity: { type: 'integer' } } } } }, async () => 'ok');
app.setErrorHandler(function (error, request, reply) { reply.status(error.statusCode ?? 500).send(request.method === 'POST' ? { ...error, message: error.message } : { statusCode: 500, code: error.code, error: error.toString(), stack: error.stack }); });
app.listen({ port: +process.argv[2], host: '127.0.0.1' });
"""

KOA = r"""
const Koa = require('koa'); const app = new Koa();
app.on('error', () => {});
app.use(async (ctx, next) => { try { await next(); } catch (error) { ctx.status = 500; ctx.body = require('util').inspect(error, { depth: 1 }); } });
app.use((ctx) => { ctx.assert; const prices = new Map(); ctx.body = prices.get('MUG-01').net.toFixed(2); });
app.listen(+process.argv[2], '127.0.0.1');
"""

NEST = r"""
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Catch, Controller, Get, Injectable, Module, Inject, ExceptionFilter, ArgumentsHost } from '@nestjs/common';
class PricingService {
  quote(sku: string) { const table: any = {}; return table[sku].net * 1.19; }
}
class OrdersController {
  constructor(private readonly pricing: PricingService) {}
  find() { return this.pricing.quote('MUG-01'); }
}
Injectable()(PricingService);
Inject(PricingService)(OrdersController, undefined as any, 0);
Controller('orders')(OrdersController);
Get()(OrdersController.prototype, 'find', Object.getOwnPropertyDescriptor(OrdersController.prototype, 'find')!);
class AllErrors implements ExceptionFilter {
  catch(error: any, host: ArgumentsHost) {
    const http = host.switchToHttp();
    http.getResponse().status(500).json({ statusCode: 500, timestamp: '2026-02-11T08:14:09.000Z', path: http.getRequest().url, message: error.message, trace: error.stack });
  }
}
Catch()(AllErrors);
class AppModule {}
Module({ controllers: [OrdersController], providers: [PricingService] })(AppModule);
NestFactory.create(AppModule, { logger: false }).then((app) => { app.useGlobalFilters(new AllErrors()); return app.listen(+process.argv[2], '127.0.0.1'); });
"""

NEST_MISSING = r"""
require('reflect-metadata');
const { NestFactory } = require('@nestjs/core'); const { Module, Injectable } = require('@nestjs/common');
class Ledger {} ; class BillingService { constructor(ledger) {} }
Reflect.defineMetadata('design:paramtypes', [Ledger], BillingService); Injectable()(BillingService);
class BillingModule {} ; Module({ providers: [BillingService] })(BillingModule);
NestFactory.createApplicationContext(BillingModule, { logger: false, abortOnError: false }).catch((error) =>
  require('http').createServer((q, r) => { r.statusCode = 500; r.setHeader('content-type', 'application/json'); r.end(JSON.stringify({ error: error.message })); }).listen(+process.argv[2], '127.0.0.1'));
"""

HAPI = r"""
const Hapi = require('@hapi/hapi');
const server = Hapi.server({ port: +process.argv[2], host: '127.0.0.1', debug: false });
server.route({ method: 'GET', path: '/', handler: () => { return JSON.parse('{oops'); } });
server.ext('onPreResponse', (request, h) => {
  const r = request.response;
  if (r.isBoom) { r.output.payload.message = r.message; r.output.payload.stack = r.stack; r.output.payload.data = r.data; }
  return h.continue;
});
server.start();
"""

HONO = r"""
const { Hono } = require('hono'); const { serve } = require('@hono/node-server');
const app = new Hono();
app.get('/', (c) => { const rates = []; return c.text(rates[0].percent.toString()); });
app.onError((error, c) => c.json({ ok: false, error: String(error), where: error.stack.split('\n')[1].trim() }, 500));
serve({ fetch: app.fetch, port: +process.argv[2], hostname: '127.0.0.1' });
"""

APOLLO = r"""
const { ApolloServer } = require('@apollo/server');
const { startStandaloneServer } = require('@apollo/server/standalone');
const typeDefs = 'type Query { order(id: ID!): String, total: Float }';
const resolvers = { Query: { order: () => { throw new TypeError("Cannot destructure property 'lines' of 'undefined' as it is undefined."); }, total: () => [].reduce((a, b) => a + b) } };
startStandaloneServer(new ApolloServer({ typeDefs, resolvers, includeStacktraceInErrorResponses: true }), { listen: { port: +process.argv[2], host: '127.0.0.1' } });
"""

YOGA = r"""
const { createYoga, createSchema } = require('graphql-yoga');
const schema = createSchema({ typeDefs: 'type Query { stock: Int }', resolvers: { Query: { stock: () => BigInt('3.5') } } });
require('http').createServer(createYoga({ schema, maskedErrors: { isDev: true }, logging: false })).listen(+process.argv[2], '127.0.0.1');
"""

BARE = r"""
const http = require('http'), zlib = require('zlib'), fs = require('fs');
http.createServer((request, response) => {
  try {
    if (request.url === '/template') throw require('vm').runInNewContext('`${order.totl.net}`', { order: {} }, { filename: 'webpack-internal:///(rsc)/./src/app/orders/page.tsx' });
    zlib.inflateSync(fs.readFileSync('/srv/shop/package.json'));
  } catch (error) {
    response.writeHead(500, { 'Content-Type': 'text/html' });
    response.end('<h1>Application error</h1><pre>' + error.stack.replace(/</g, '&lt;') + '</pre><footer>node ' + process.version + ', pid 4211, cwd ' + process.cwd() + '</footer>');
  }
}).listen(+process.argv[2], '127.0.0.1');
"""

PORT = 8472


def as_given(answer: Fetched) -> Answer:
    """The body as the server gave it."""
    kind = next(v for k, v in answer.headers.items() if k.lower() == "content-type")
    if "html" in kind:
        return d.page(answer.body)
    return Answer(answer.body, "json" if "json" in kind else "plain", kind)


@dataclass(frozen=True)
class Case:
    """One request to one application."""

    name: str
    category: str
    app: str
    path: str
    source: str
    body: bytes | None = None
    header: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


CASES = [
    Case(
        "express-default",
        "stack_trace",
        "express.cjs",
        "/order",
        "Express 5's default error handler",
    ),
    Case(
        "express-json",
        "stack_trace",
        "express.cjs",
        "/json",
        "Express 5: body-parser's error",
        b'{"sku": }',
    ),
    Case(
        "express-json-error",
        "library",
        "express.cjs",
        "/jsonapi",
        "Express 5: a handler that returns body-parser's error as JSON",
        b"{'sku': 3}",
    ),
    Case("express-send-file", "source_path", "express.cjs", "/file", "Express 5: send's ENOENT"),
    Case(
        "express-view", "stack_trace", "express.cjs", "/view", "Express 5: a view that is not there"
    ),
    Case(
        "express-spread",
        "stack_trace",
        "express.cjs",
        "/spread",
        "Express 5: an error spread into JSON",
    ),
    Case(
        "express-uri",
        "stack_trace",
        "express.cjs",
        "/params/%E0%A4%A",
        "Express 5: a path that does not decode",
    ),
    Case(
        "express-header",
        "stack_trace",
        "express.cjs",
        "/header",
        "Express 5: a stack in a header",
        header="x-error-stack",
    ),
    Case(
        "express-powered",
        "server_banner",
        "express.cjs",
        "/none",
        "Express 5's own header",
        header="x-powered-by",
    ),
    Case(
        "fastify-stack",
        "stack_trace",
        "fastify.cjs",
        "/",
        "Fastify 5: an error handler that returns the stack",
    ),
    Case(
        "fastify-validation",
        "library",
        "fastify.cjs",
        "/",
        "Fastify 5: a validation error spread into JSON",
        b'{"quantity": "x"}',
    ),
    Case("koa-inspect", "stack_trace", "koa.cjs", "/", "Koa 3: util.inspect of the error"),
    Case(
        "nest-filter",
        "stack_trace",
        "nest.ts",
        "/orders",
        "NestJS 11 on Express, run by tsx: a filter that returns the trace",
    ),
    Case(
        "nest-dependencies",
        "library",
        "nest_missing.cjs",
        "/",
        "NestJS 11: a provider that cannot be resolved",
    ),
    Case("hapi-boom", "stack_trace", "hapi.cjs", "/", "hapi 21: Boom with message and stack"),
    Case("hono", "stack_trace", "hono.cjs", "/", "Hono 4: an onError that tells where"),
    Case(
        "apollo-stack",
        "stack_trace",
        "apollo.cjs",
        "/",
        "Apollo Server 5 with stack traces",
        b'{"query": "{ order(id: 1) }"}',
    ),
    Case(
        "apollo-reduce",
        "stack_trace",
        "apollo.cjs",
        "/",
        "Apollo Server 5 with stack traces",
        b'{"query": "{ total }"}',
    ),
    Case(
        "apollo-request",
        "stack_trace",
        "apollo.cjs",
        "/",
        "Apollo Server 5: a request without a query",
        b'{"variables": {}}',
    ),
    Case(
        "yoga-dev",
        "stack_trace",
        "yoga.cjs",
        "/graphql",
        "GraphQL Yoga in development",
        b'{"query": "{ stock }"}',
    ),
    Case(
        "http-page",
        "stack_trace",
        "bare.cjs",
        "/",
        "Node's http: a page with stack, version and directory",
    ),
    Case(
        "webpack-page",
        "source_path",
        "bare.cjs",
        "/template",
        "Node's http: a frame of a webpack bundle",
    ),
]

if __name__ == "__main__":
    need_node(
        *"express fastify koa @nestjs/core @nestjs/common @nestjs/platform-express".split(),
        *"reflect-metadata rxjs tsx @hapi/hapi hono @hono/node-server @apollo/server".split(),
        *"graphql graphql-yoga ejs".split(),
    )
    write(
        {
            "express.cjs": EXPRESS,
            "fastify.cjs": FASTIFY,
            "koa.cjs": KOA,
            "nest.ts": NEST,
            "nest_missing.cjs": NEST_MISSING,
            "hapi.cjs": HAPI,
            "hono.cjs": HONO,
            "apollo.cjs": APOLLO,
            "yoga.cjs": YOGA,
            "bare.cjs": BARE,
        }
    )
    corpus = Corpus("nodeweb", "run", "")
    for case in CASES:
        command = ["node", "--import", "tsx"] if case.app.endswith("ts") else ["node"]
        with serve([*command, case.app, str(PORT)], PORT) as server:
            answer = server.get(case.path, case.headers, case.body)
            given = (
                Answer(answer.header(case.header), "plain", "", "header")
                if case.header
                else as_given(answer)
            )
            corpus.add(case.name, case.category, answer.status, given, case.source)
    corpus.print()
