"""What Python's clients say of hosts that refuse, do not resolve or do not answer."""

from __future__ import annotations

import dressing as d
from dressing import Dressing, python_json
from entries import Corpus
from workshop import PYTHON_TELLER, failures, need_port, need_python, write

PROGRAM = r"""
import asyncio, http.client, logging, smtplib, socket, socketserver, ssl, threading, urllib.request
from teller import tell
logging.disable()

class Half(socketserver.BaseRequestHandler):
    def handle(self):
        head = self.request.recv(4096)
        if b"/half" in head:
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        elif b"/slow" in head:
            threading.Event().wait(2)
        elif b"/500" in head:
            self.request.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nOops")
        elif b"/gzip" in head:
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nOops")
socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer(("127.0.0.1", 8479), Half)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
HERE = "http://127.0.0.1:8479"

import requests, httpx, aiohttp
tell("requests-refused", lambda: requests.get("http://127.0.0.1:8099/v1/stock"))
tell("requests-unresolved", lambda: requests.post("http://pricing.shop.svc.cluster.local:8080/quote"))
tell("requests-timeout", lambda: requests.get(HERE + "/slow", timeout=0.2))
tell("requests-reset", lambda: requests.get(HERE + "/empty"))
tell("requests-half", lambda: requests.get(HERE + "/half"))
tell("requests-status", lambda: requests.get(HERE + "/500").raise_for_status())
tell("requests-json", lambda: requests.get(HERE + "/500").json())
tell("requests-scheme", lambda: requests.get("payments.shop.internal/v1"))
tell("requests-ssl", lambda: requests.get("https://127.0.0.1:8479/"))
tell("httpx-refused", lambda: httpx.get("http://127.0.0.1:8099/v1/stock"))
tell("httpx-timeout", lambda: httpx.get(HERE + "/slow", timeout=0.2))
tell("httpx-status", lambda: httpx.get(HERE + "/500").raise_for_status())
tell("httpx-protocol", lambda: httpx.get(HERE + "/empty"))
tell("httpx-gzip", lambda: httpx.get(HERE + "/gzip"))
tell("httpx-ssl", lambda: httpx.get("https://127.0.0.1:8479/", timeout=3))
def aio(url, **more):
    async def go():
        async with aiohttp.ClientSession() as session, session.get(url, **more) as answer:
            answer.raise_for_status()
            return await answer.json()
    asyncio.run(go())
tell("aiohttp-refused", lambda: aio("http://127.0.0.1:8099/v1/stock"))
tell("aiohttp-unresolved", lambda: aio("http://inventory.service.consul:8500/v1"))
tell("aiohttp-status", lambda: aio(HERE + "/500"))
tell("aiohttp-payload", lambda: aio(HERE + "/half"))
tell("aiohttp-disconnected", lambda: aio(HERE + "/empty"))
tell("urllib-refused", lambda: urllib.request.urlopen("http://127.0.0.1:8099/"))
tell("urllib-status", lambda: urllib.request.urlopen(HERE + "/500"))
tell("http-client", lambda: http.client.HTTPConnection("127.0.0.1", 8479).request("GET", "/a b"))
tell("smtp", lambda: smtplib.SMTP("127.0.0.1", 2525))
tell("socket-name", lambda: socket.create_connection(("smtp-relay.shop.internal", 25)))
tell("asyncio-many", lambda: asyncio.run(asyncio.open_connection("localhost", 8099)))
tell("bind", lambda: socket.create_server(("127.0.0.1", 8479)))
tell("ssl-verify", lambda: ssl.create_default_context(cafile="/srv/shop/certs/internal-ca.pem"))

import pymongo, cassandra.cluster, opensearchpy, oracledb, neo4j, clickhouse_connect, kafka, pika, nats, kubernetes, pyodbc, pymemcache, hvac, dns.resolver
tell("mongo-refused", lambda: pymongo.MongoClient("mongodb://127.0.0.1:27099", serverSelectionTimeoutMS=300).shop.orders.find_one())
tell("mongo-hosts", lambda: pymongo.MongoClient("mongodb://mongo-0.mongo.shop.svc:27017,mongo-1.mongo.shop.svc:27017/?replicaSet=rs0", serverSelectionTimeoutMS=300).shop.orders.find_one())
tell("mongo-uri", lambda: pymongo.MongoClient("mongodb://shop:p@ss@mongo.shop.internal/orders"))
tell("mongo-srv", lambda: pymongo.MongoClient("mongodb+srv://shop-prod.4x2kq.mongodb.shop.internal/"))
tell("cassandra", lambda: cassandra.cluster.Cluster(["127.0.0.1"], port=9049).connect("shop"))
tell("opensearch", lambda: opensearchpy.OpenSearch(["http://127.0.0.1:9299"], max_retries=0).search(index="products"))
tell("oracle-refused", lambda: oracledb.connect("shop/x@127.0.0.1:1599/SHOPPDB1"))
tell("oracle-name", lambda: oracledb.connect("shop/x@SHOP_PROD"))
tell("neo4j", lambda: neo4j.GraphDatabase.driver("bolt://127.0.0.1:7699", auth=("neo4j", "x")).verify_connectivity())
tell("clickhouse", lambda: clickhouse_connect.get_client(host="127.0.0.1", port=8199, username="shop"))
tell("kafka", lambda: kafka.KafkaProducer(bootstrap_servers="127.0.0.1:9199"))
tell("amqp-refused", lambda: pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", 5699)))
def queue():
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1")) as connection:
        connection.channel().queue_declare("orders.paid", passive=True)
tell("amqp-no-queue", queue)
def denied():
    pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", credentials=pika.PlainCredentials("shop", "x")))
tell("amqp-denied", denied)
def exchange():
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1")) as connection:
        channel = connection.channel()
        channel.exchange_declare("amq.direct", "fanout")
tell("amqp-exchange", exchange)
def nats_call(port, name):
    async def go():
        client = await nats.connect(f"nats://127.0.0.1:{port}", connect_timeout=1, allow_reconnect=False, max_reconnect_attempts=1, error_cb=quiet)
        try:
            if name == "stream":
                await client.jetstream().publish("shop.orders", b"x", timeout=1)
            elif name == "consumer":
                await client.jetstream().stream_info("SHOP_ORDERS")
            else:
                await client.request("shop.pricing", b"x", timeout=0.3)
        finally:
            await client.close()
    asyncio.run(go())
async def quiet(error):
    pass
tell("nats-responders", lambda: nats_call(4222, "request"))
tell("nats-stream", lambda: nats_call(4222, "consumer"))
tell("nats-no-stream", lambda: nats_call(4222, "stream"))
def kube():
    configuration = kubernetes.client.Configuration(host="https://127.0.0.1:6499")
    configuration.retries = False
    kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration)).list_namespaced_pod("shop-prod")
tell("kubernetes", kube)
tell("kubernetes-config", lambda: kubernetes.config.load_incluster_config())
tell("odbc-driver", lambda: pyodbc.connect("DRIVER={ODBC Driver 18 for SQL Server};SERVER=sql01.corp.shop.example;DATABASE=Shop;UID=sa;PWD=x"))
tell("memcache", lambda: pymemcache.Client(("127.0.0.1", 11299)).get("cart"))
def vault():
    hvac.Client("http://127.0.0.1:8299").secrets.kv.v2.read_secret_version(path="shop/stripe", raise_on_deleted_version=True)
tell("vault", vault)
def dns_query():
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.lifetime = 0.4
    resolver.resolve("db.shop.internal")
tell("dns-timeout", dns_query)
"""

j = Dressing(python_json)
CASES = {
    "requests-refused": ("infrastructure", 502, lambda f: j.detail(f.message)),
    "requests-unresolved": ("infrastructure", 502, lambda f: d.html_pre(f.message, "Bad Gateway")),
    "requests-timeout": ("infrastructure", 504, lambda f: j.job(f.message)),
    "requests-reset": ("library", 502, lambda f: j.error(f.message)),
    "requests-half": ("library", 502, lambda f: j.twice_nested(f.message)),
    "requests-status": ("infrastructure", 502, lambda f: j.message(f.message)),
    "requests-scheme": ("library", 500, lambda f: j.error(f.message)),
    "requests-ssl": ("infrastructure", 502, lambda f: d.html_alert(f.message)),
    "httpx-refused": ("infrastructure", 502, lambda f: j.error(f"httpx.{f.type}: {f.message}")),
    "httpx-timeout": ("stack_trace", 504, lambda f: j.stack_lines("pricing failed", f.trace)),
    "httpx-status": ("infrastructure", 502, lambda f: j.gateway(f.message, "detail")),
    "httpx-protocol": ("library", 502, lambda f: j.detail(f.message)),
    "httpx-gzip": ("library", 502, lambda f: j.error(f.message)),
    "httpx-ssl": ("library", 502, lambda f: j.event(f.message)),
    "aiohttp-refused": ("infrastructure", 503, lambda f: j.detail(f.message)),
    "aiohttp-unresolved": ("infrastructure", 502, lambda f: j.function(f.message, 502)),
    "aiohttp-status": ("infrastructure", 502, lambda f: d.html_table(f"{f.type}: {f.message}")),
    "aiohttp-payload": ("library", 502, lambda f: j.error(f.message)),
    "aiohttp-disconnected": ("library", 502, lambda f: j.webhook(f"{f.type}: {f.message}")),
    "urllib-refused": ("infrastructure", 502, lambda f: d.header("X-Error", f.message)),
    "http-client": ("library", 500, lambda f: j.error(f.message)),
    "smtp": ("stack_trace", 500, lambda f: d.html_pre(f.trace)),
    "socket-name": ("infrastructure", 500, lambda f: j.error(f"Could not send mail: {f.message}")),
    "asyncio-many": ("infrastructure", 503, lambda f: j.detail(f.message)),
    "bind": ("infrastructure", 500, lambda f: j.job(f.message)),
    "ssl-verify": ("stack_trace", 500, lambda f: d.base64_header("X-Debug-Trace", f.trace)),
    "mongo-refused": ("infrastructure", 503, lambda f: j.error(f.message)),
    "mongo-hosts": ("infrastructure", 503, lambda f: d.flash_cookie(f.message)),
    "mongo-uri": ("library", 500, lambda f: j.detail(f.message)),
    "mongo-srv": ("infrastructure", 500, lambda f: j.health("mongo", f.message)),
    "cassandra": ("infrastructure", 503, lambda f: j.error(f.message)),
    "opensearch": ("infrastructure", 503, lambda f: d.html_comment(f"{f.type}: {f.message}")),
    "oracle-refused": ("infrastructure", 503, lambda f: j.message(f.message)),
    "oracle-name": ("database_error", 503, lambda f: d.html_pre(f.message)),
    "neo4j": ("infrastructure", 503, lambda f: j.graphql(f.message, "related")),
    "clickhouse": ("infrastructure", 503, lambda f: j.proxied("analytics", f.message)),
    "kafka": ("infrastructure", 503, lambda f: j.error(f"{f.type}: {f.message}")),
    "amqp-refused": ("infrastructure", 503, lambda f: d.plain(f.trace)),
    "amqp-no-queue": ("infrastructure", 500, lambda f: j.detail(f.message)),
    "amqp-denied": ("infrastructure", 500, lambda f: j.health("rabbit", f.message)),
    "amqp-exchange": ("infrastructure", 500, lambda f: d.location(f.message)),
    "nats-responders": ("infrastructure", 503, lambda f: j.error(f.message)),
    "nats-stream": ("infrastructure", 500, lambda f: d.html_numeric(f.message)),
    "nats-no-stream": ("infrastructure", 500, lambda f: j.twice_nested(f.message)),
    "kubernetes": ("infrastructure", 500, lambda f: j.problem(f.message)),
    "kubernetes-config": (
        "infrastructure",
        500,
        lambda f: j.error(f"kubernetes.{f.type}: {f.message}"),
    ),
    "odbc-driver": ("database_error", 500, lambda f: j.detail(f.message)),
    "memcache": ("stack_trace", 500, lambda f: j.graphql("Unexpected error.", "cart", f.trace)),
    "vault": ("infrastructure", 500, lambda f: d.oauth_redirect(f.message)),
    "dns-timeout": ("infrastructure", 504, lambda f: j.error(f.message)),
}

SOURCES = {
    "requests": "requests 2",
    "httpx": "httpx",
    "aiohttp": "aiohttp's client",
    "mongo": "PyMongo",
    "cassandra": "DataStax' driver for Cassandra",
    "opensearch": "opensearch-py",
    "oracle": "python-oracledb, thin mode",
    "neo4j": "Neo4j's driver",
    "clickhouse": "clickhouse-connect",
    "kafka": "kafka-python",
    "amqp": "pika against RabbitMQ",
    "nats": "nats-py against NATS",
    "kubernetes": "the Kubernetes client",
    "odbc": "pyodbc on unixODBC",
    "memcache": "pymemcache",
    "vault": "hvac",
    "dns": "dnspython",
}

if __name__ == "__main__":
    need_port(5672, "RabbitMQ")
    need_port(4222, "NATS")
    python = need_python(
        *"requests httpx aiohttp pymongo cassandra-driver opensearch-py".split(),
        *"oracledb neo4j clickhouse-connect kafka-python pika nats-py kubernetes pyodbc".split(),
        *"pymemcache hvac dnspython".split(),
    )
    write({"teller.py": PYTHON_TELLER, "upstream.py": PROGRAM})
    corpus = Corpus("pynet", "run", "Python 3.11", SOURCES)
    corpus.add_failures(failures([python, "/srv/shop/upstream.py"]), CASES)
    corpus.print()
