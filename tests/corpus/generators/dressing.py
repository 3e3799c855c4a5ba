"""How a failure's text is dressed on its way to a client: the shapes of real APIs."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, quote_plus

from entries import Answer

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"


def python_json(value: object) -> str:
    """JSON as Python's standard library writes it."""
    return json.dumps(value)


def node_json(value: object) -> str:
    """JSON as JavaScript's JSON.stringify writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def pretty_json(value: object) -> str:
    """JSON with two spaces of indent, as many APIs print it."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def php_json(value: object) -> str:
    """JSON as PHP's json_encode writes it: slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def go_json(value: object) -> str:
    """JSON as Go's encoding/json writes it: the marks of HTML escaped, a newline at the end."""
    return _escape(node_json(value), "<>&") + "\n"


def rails_json(value: object) -> str:
    """JSON as ActiveSupport writes it: the marks of HTML escaped."""
    return _escape(node_json(value), "<>&")


def dotnet_json(value: object) -> str:
    """JSON as System.Text.Json writes it: quotes and the marks of HTML as \\uXXXX."""
    text = json.dumps(value, separators=(",", ":")).replace('\\"', "\\u0022")
    for mark in "<>&'+`":
        text = text.replace(mark, f"\\u{ord(mark):04X}")
    return text


def _escape(text: str, marks: str) -> str:
    for mark in marks:
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


class Dressing:
    """The shapes, written by one JSON writer.

    Args:
        dumps: Writes JSON as the technology at hand does.
    """

    def __init__(self, dumps: Callable[[object], str]) -> None:
        self.dumps = dumps

    def json(self, value: object, content_type: str = JSON, encoding: str = "json") -> Answer:
        """Any value as a JSON body."""
        return Answer(self.dumps(value), encoding, content_type)

    def error(self, text: str) -> Answer:
        return self.json({"error": text})

    def detail(self, text: str) -> Answer:
        return self.json({"detail": text})

    def message(self, text: str) -> Answer:
        return self.json({"message": text})

    def coded(self, text: str) -> Answer:
        return self.json({"error": {"code": "INTERNAL_ERROR", "message": text}})

    def envelope(self, text: str) -> Answer:
        """The envelope of many in-house APIs, where a failure is a success by its status."""
        return self.json({"success": False, "data": None, "msg": text, "code": -1})

    def nest(self, text: str, status: int = 500) -> Answer:
        return self.json(
            {"statusCode": status, "message": text, "error": HTTPStatus(status).phrase}
        )

    def stack(self, message: str, stack: str) -> Answer:
        return self.json({"message": message, "stack": stack})

    def stack_lines(self, message: str, stack: str) -> Answer:
        lines = [line.strip() for line in stack.splitlines() if line.strip()]
        return self.json({"error": message, "trace": lines})

    def problem(self, text: str, status: int = 500, title: str = "Internal Server Error") -> Answer:
        """Problem details (RFC 9457)."""
        value = {"type": "about:blank", "title": title, "status": status, "detail": text}
        return self.json(value, PROBLEM)

    def problem_trace(self, text: str, trace: str) -> Answer:
        """Problem details with an extension member."""
        value = {
            "type": "https://errors.shop.example/unexpected",
            "title": "Unexpected error",
            "status": 500,
            "detail": text,
            "exception": {"details": trace},
        }
        return self.json(value, PROBLEM)

    def graphql(self, message: str, path: str, stack: str = "") -> Answer:
        """A GraphQL error; with a stack as Apollo's servers before version 4 give it."""
        extensions: dict[str, object] = {"code": "INTERNAL_SERVER_ERROR"}
        if stack:
            extensions["exception"] = {"stacktrace": stack.splitlines()}
        error = {
            "message": message,
            "locations": [{"line": 2, "column": 3}],
            "path": [path],
            "extensions": extensions,
        }
        return self.json({"errors": [error], "data": {path: None}})

    def json_api(self, text: str, status: int = 500) -> Answer:
        """An error document of JSON:API."""
        error = {"status": str(status), "title": "Internal Server Error", "detail": text}
        return self.json({"errors": [error]}, "application/vnd.api+json")

    def json_rpc(self, text: str, code: int = -32603) -> Answer:
        error = {"code": code, "message": "Internal error", "data": text}
        return self.json({"jsonrpc": "2.0", "error": error, "id": 7})

    def google(self, text: str, status: int = 500, code: str = "INTERNAL") -> Answer:
        """The error model of Google's APIs, with DebugInfo among the details."""
        details = [{"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": text}]
        error = {"code": status, "message": "Internal error", "status": code, "details": details}
        return self.json({"error": error})

    def health(self, component: str, text: str) -> Answer:
        """A health endpoint that tells why a part is down."""
        part = {"status": "DOWN", "details": {"error": text}}
        up = {"status": "UP", "details": {"free": 84_913_737_728}}
        return self.json({"status": "DOWN", "components": {"disk": up, component: part}})

    def batch(self, text: str) -> Answer:
        """A batch of which one line failed; the answer as a whole is a success."""
        rows: list[dict[str, object]] = [
            {"sku": "MUG-01", "status": "imported", "id": 4711},
            {"sku": "TEA-17", "status": "failed", "reason": text},
            {"sku": "POT-03", "status": "imported", "id": 4712},
        ]
        return self.json({"imported": 2, "failed": 1, "rows": rows})

    def job(self, text: str) -> Answer:
        """A background job that is asked for its state."""
        value = {"job": "export-8812", "state": "failed", "progress": 0.35, "last_error": text}
        return self.json(value)

    def webhook(self, text: str) -> Answer:
        """The log of deliveries that a customer may look at."""
        attempt = {"attempt": 3, "delivered_at": "2026-02-11T08:14:09Z", "error": text}
        return self.json({"webhook": "wh_1c9", "attempts": [attempt]})

    def gateway(self, text: str, key: str = "message") -> Answer:
        """A gateway that hands on the body of its upstream as a string."""
        inner = self.dumps({key: text}).strip()
        return self.json({"error": "Upstream answered 500", "body": inner}, encoding="nested_json")

    def proxied(self, service: str, text: str) -> Answer:
        """A service that quotes the answer of the one behind it in a sentence."""
        inner = self.dumps({"error": text}).strip()
        message = f"{service} responded with 500: {inner}"
        return self.json({"message": message}, encoding="nested_json")

    def function(self, text: str, status: int = 500) -> Answer:
        """The answer of a cloud function whose gateway does not unwrap it."""
        inner = self.dumps({"errorMessage": text, "errorType": "Error"}).strip()
        value = {"statusCode": status, "headers": {"Content-Type": JSON}, "body": inner}
        return self.json(value, encoding="nested_json")

    def twice_nested(self, text: str) -> Answer:
        """JSON in JSON in JSON: two services, each quoting the next."""
        inner = self.dumps({"detail": text}).strip()
        middle = self.dumps({"service": "pricing", "response": inner}).strip()
        value = {"service": "checkout", "response": middle}
        return self.json(value, encoding="nested_json")

    def event(self, text: str) -> Answer:
        """An entry of an event log, whose payload is JSON as text."""
        inner = self.dumps({"level": "error", "msg": text, "logger": "shop"}).strip()
        value = {"events": [{"id": 991, "type": "order.failed", "payload": inner}]}
        return self.json(value, encoding="nested_json")

    def sse(self, text: str) -> Answer:
        """An error event in a stream of server-sent events."""
        body = f'event: progress\ndata: {{"done": 40}}\n\nevent: error\ndata: {self.error(text).text.strip()}\n\n'
        return Answer(body, "json", "text/event-stream")

    def ndjson(self, text: str) -> Answer:
        """A stream of JSON lines that breaks."""
        rows = [{"id": 1, "name": "Mug"}, {"id": 2, "name": "Teapot"}, {"error": text}]
        body = "".join(self.dumps(row).strip() + "\n" for row in rows)
        return Answer(body, "json", "application/x-ndjson")


def plain(text: str) -> Answer:
    """The text alone."""
    return Answer(text)


def jsonp(text: str) -> Answer:
    """JSON with a call around it."""
    return Answer(f"cb_48213({node_json({'error': text})});", "json", "application/javascript")


def page(text: str, encoding: str = "html") -> Answer:
    """A page as a server gave it, without its styles, scripts and pictures."""
    for pattern, left in (
        (r"(?s)(<style[^>]*>).*?(</style>)", r"\1\2"),
        (r"(?s)(<script[^>]*>).*?(</script>)", r"\1\2"),
        (r"(?s)<svg.*?</svg>", ""),
        (r"data:[a-z/+-]+;base64,[A-Za-z0-9+/=]+", "data:,"),
        (r"[ \t]+\n", "\n"),
        (r"\n{2,}", "\n"),
        (r"\n[ \t]{8,}", "\n        "),
    ):
        text = re.sub(pattern, left, text)
    return Answer(text, encoding, HTML)


def html_pre(text: str, title: str = "Error") -> Answer:
    """A bare page with the text escaped in a <pre>."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"</head>\n<body>\n<pre>{html.escape(text)}</pre>\n</body>\n</html>\n"
    )
    return Answer(page, "html", HTML)


def html_alert(text: str) -> Answer:
    """A page of an application with the text in its alert box."""
    page = (
        '<html><head><title>Checkout - Shop</title><link rel="stylesheet" href="/static/shop.css">'
        '</head><body class="checkout"><nav><a href="/">Shop</a> <a href="/cart">Cart (2)</a></nav>'
        f'<div class="alert alert-danger" role="alert">Your order could not be placed: {html.escape(text)}</div>'
        '<form method="post"><button class="btn">Try again</button></form></body></html>'
    )
    return Answer(page, "html", HTML)


def html_breaks(text: str) -> Answer:
    """A fragment with its line ends and spaces as HTML, as nl2br writes it."""
    escaped = html.escape(text).replace("  ", " &nbsp;").replace("\n", "<br />\n")
    return Answer(f"<p><b>An error occurred:</b> {escaped}</p>", "html", HTML)


def html_table(text: str, label: str = "Exception") -> Answer:
    """A table of an administration page."""
    page = (
        "<table class='status'><tr><th>Job</th><td>nightly-import</td></tr>"
        "<tr><th>State</th><td>failed</td></tr>"
        f"<tr><th>{label}</th><td><code>{html.escape(text)}</code></td></tr></table>"
    )
    return Answer(page, "html", HTML)


def html_attribute(text: str) -> Answer:
    """A component's data in an attribute."""
    data = html.escape(node_json({"page": "orders", "flash": {"error": text}}))
    return Answer(f'<div id="app" data-page="{data}"></div>', "html", HTML)


def html_numeric(text: str) -> Answer:
    """A page whose template engine escapes with numbers (&#34; &#x27;)."""
    escaped = text
    for mark in "&<>\"'/=`":
        escaped = escaped.replace(mark, "\0" + mark)
    for mark in "&<>\"'/=`":
        escaped = escaped.replace("\0" + mark, f"&#x{ord(mark):X};")
    return Answer(f"<!doctype html><h1>500</h1><p class=reason>{escaped}</p>", "html", HTML)


def html_comment(text: str) -> Answer:
    """A polite page with the truth in a comment."""
    page = (
        "<!DOCTYPE html>\n<html><body><h1>We will be back soon</h1>\n"
        f"<p>Please try again later.</p>\n<!-- {text} -->\n</body></html>\n"
    )
    return Answer(page, "html", HTML)


def html_script(text: str) -> Answer:
    """A page that hands its state to a script; closing tags escaped for it."""
    state = _escape(node_json({"error": {"message": text, "statusCode": 500}}), "<>")
    page = (
        f'<html><body><div id="root"></div><script>window.__STATE__={state}</script></body></html>'
    )
    return Answer(page, "html", HTML)


def soap(text: str) -> Answer:
    """A SOAP 1.1 fault."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope '
        'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>soap:Server</faultcode><faultstring>{html.escape(text, quote=False)}</faultstring>"
        "</soap:Fault></soap:Body></soap:Envelope>"
    )
    return Answer(body, "xml", "text/xml; charset=utf-8")


def header(name: str, text: str) -> Answer:
    """A header with the text on one line."""
    value = " ".join(text.split())
    return Answer(f"{name}: {value}", "plain", "", "header")


def header_percent(name: str, text: str) -> Answer:
    """A header whose value is percent-encoded."""
    return Answer(f"{name}: {quote(text, safe='')}", "percent", "", "header")


def grpc_message(text: str) -> Answer:
    """gRPC's status message: printable ASCII stays, but for the percent sign."""
    safe = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
    value = quote(text, safe=safe)
    return Answer(f"grpc-message: {value}", "percent" if "%" in value else "plain", "", "header")


def location(
    text: str, where: str = "https://app.shop.example/login", key: str = "error"
) -> Answer:
    """A redirect that carries the text in its query."""
    return Answer(f"Location: {where}?{key}={quote_plus(text)}", "percent", "", "header")


def oauth_redirect(text: str) -> Answer:
    """The redirect of an OAuth error (RFC 6749, section 4.1.2.1)."""
    where = "https://app.shop.example/callback"
    query = f"error=server_error&error_description={quote(text, safe='')}&state=x7f"
    return Answer(f"Location: {where}?{query}", "percent", "", "header")


def bearer(text: str) -> Answer:
    """The challenge of RFC 6750."""
    value = " ".join(text.split()).replace('"', "'")
    challenge = f'Bearer realm="shop", error="invalid_token", error_description="{value}"'
    return Answer(f"WWW-Authenticate: {challenge}", "plain", "", "header")


def form(text: str) -> Answer:
    """A form-encoded body, as old payment and OAuth APIs answer."""
    body = f"status=error&error_code=5000&error_message={quote_plus(text)}"
    return Answer(body, "percent", "application/x-www-form-urlencoded")


def flash_cookie(text: str) -> Answer:
    """A flash message in a cookie, percent-encoded JSON."""
    value = quote(node_json({"error": text}), safe="")
    return Answer(f"Set-Cookie: flash={value}; Path=/; HttpOnly", "percent", "", "header")


def percent_link(text: str) -> Answer:
    """A page that links to the bug tracker with the text in the query."""
    page = (
        "<html><body><p>Something broke.</p>"
        f'<a href="https://help.shop.example/new?body={quote(text, safe="")}">Report this</a></body></html>'
    )
    return Answer(page, "percent", HTML)


def base64_field(text: str, key: str = "trace_base64") -> Answer:
    """JSON with a field that says that it is base64."""
    value = {"error": "internal", key: base64.b64encode(text.encode()).decode()}
    return Answer(node_json(value), "base64", JSON)


def base64_header(name: str, text: str) -> Answer:
    """A header in base64."""
    return Answer(f"{name}: {base64.b64encode(text.encode()).decode()}", "base64", "", "header")


def utf16(answer: Answer) -> Answer:
    """The answer in UTF-16 (little-endian, no mark), each NUL byte as a character.

    Only ASCII survives this form unchanged in UTF-8, so only ASCII is taken.
    """
    answer.text.encode("ascii")
    kind = answer.content_type.partition(";")[0]
    text = answer.text.encode("utf-16-le").decode("ascii")
    return Answer(text, "utf16", f"{kind}; charset=utf-16le", answer.kind)
