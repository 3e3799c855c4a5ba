"""Where the programs run: a directory with a neutral name, and the tools to run them in it.

The programs stand in `/srv/shop`, because the texts they leak name the place they stand in.
Packages from PyPI and npm are installed there once. PostgreSQL and MariaDB are expected on
localhost with the rights to make a role and a database named shop.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from entries import Failure

SHOP = Path("/srv/shop")
"""The neutral place."""

PATIENCE = 120.0
"""How long a program may run, in seconds."""

PYTHON_TELLER = """
import json, traceback

def tell(name, call):
    try:
        call()
    except BaseException as error:
        error = error.with_traceback(error.__traceback__.tb_next)
        trace = "".join(traceback.format_exception(error))
        kind = type(error).__name__
        print(json.dumps({"name": name, "type": kind, "message": str(error), "trace": trace}))
"""

NODE_TELLER = """
exports.tell = async (name, call) => {
  try { await call(); } catch (e) {
    console.log(JSON.stringify({ name, type: e?.name ?? '', message: String(e?.message ?? e), trace: String(e?.stack ?? '') }));
  }
};
"""


def skip(reason: str) -> None:
    """End the generator, saying why on standard error."""
    sys.stderr.write(f"skipped: {reason}\n")
    raise SystemExit(0)


def need(*programs: str) -> None:
    """Skip the generator unless all `programs` are installed."""
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")
    try:
        SHOP.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        skip(f"{SHOP} cannot be made: {error}")


def need_port(port: int, service: str) -> None:
    """Skip the generator unless something listens on `port` of localhost."""
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError:
        skip(f"{service} does not listen on port {port}")


def need_python(*packages: str) -> str:
    """Return a Python in the shop's own environment, with `packages` installed."""
    need("/usr/bin/python3")
    python = SHOP / ".venv/bin/python"
    if not python.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(SHOP / ".venv")], check=True)
    wanted = [name for name in packages if not _installed(python, name)]
    if wanted:
        command = [str(python), "-m", "pip", "install", "-q", *wanted]
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            skip(f"{' '.join(wanted)} cannot be installed")
    return str(python)


def _installed(python: Path, requirement: str) -> bool:
    name = requirement.partition("[")[0]
    code = f"import importlib.metadata as m; m.distribution({name!r})"
    return not subprocess.run(
        [str(python), "-c", code], check=False, capture_output=True
    ).returncode


def need_node(*packages: str) -> None:
    """Make sure that Node and `packages` are there."""
    need("node", "npm")
    manifest = SHOP / "package.json"
    if not manifest.exists():
        manifest.write_text('{"name": "shop", "version": "1.4.2", "private": true}')
    wanted = [
        name
        for name in packages
        if not (SHOP / "node_modules" / name.rpartition("@")[0] or name).exists()
        and not (SHOP / "node_modules" / name).exists()
    ]
    if wanted:
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *wanted]
        if subprocess.run(command, cwd=SHOP, check=False, stdout=sys.stderr).returncode:
            skip(f"{' '.join(wanted)} cannot be installed")


def write(files: Mapping[str, str]) -> None:
    """Write `files` below the shop, by their relative names."""
    for name, text in files.items():
        path = SHOP / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def environment(**variables: str) -> dict[str, str]:
    """A small environment that says nothing of the machine."""
    small = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(SHOP), "TZ": "UTC"}
    return {**small, **variables}


def run(
    command: Sequence[str], directory: Path = SHOP, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, its output as text."""
    return subprocess.run(
        command,
        cwd=directory,
        env=environment(**variables),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )


def failures(command: Sequence[str], directory: Path = SHOP, **variables: str) -> list[Failure]:
    """Run a program that prints a JSON line for each failure it met, and return them."""
    done = run(command, directory, **variables)
    told = []
    for line in done.stdout.splitlines():
        if line.startswith('{"name"'):
            told.append(Failure(**json.loads(line)))
        elif line:
            sys.stderr.write(f"{line}\n")
    sys.stderr.write(done.stderr)
    return told


@dataclass(frozen=True)
class Fetched:
    """One answer of a server."""

    status: int
    headers: dict[str, str]
    body: str

    def header(self, name: str) -> str:
        """The header as a line; `name` is any casing."""
        for key, value in self.headers.items():
            if key.lower() == name.lower():
                return f"{key}: {value}"
        raise LookupError(name)


@dataclass
class Server:
    """A server that runs on a port of localhost."""

    port: int
    host: str = "shop.example"
    log: list[str] = field(default_factory=list)

    def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        method: str = "",
    ) -> Fetched:
        """Ask for `path` and return the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        method = method or ("GET" if body is None else "POST")
        connection.request(method, path, body, {"Host": self.host, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return Fetched(answer.status, dict(answer.getheaders()), text)

    def raw(self, request: bytes) -> str:
        """Send `request` as it stands and return all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65_536):
                received += chunk
        return received.decode("utf-8", "replace")


@contextmanager
def serve(
    command: Sequence[str], port: int, directory: Path = SHOP, **variables: str
) -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=environment(**variables),
        stdout=sys.stderr,
        stderr=sys.stderr,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    skip(f"{command[0]} did not start to listen")
                time.sleep(0.1)
        yield Server(port)
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def private(address: str, command: Sequence[str]) -> list[str]:
    """The command in a network of its own, in which only `address` exists and refuses all."""
    need("unshare", "ip")
    made = f"ip link set lo up && ip addr add {address}/32 dev lo && exec {shlex.join(command)}"
    if subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode:
        skip("no network namespace can be made")
    return ["unshare", "--net", "sh", "-c", made]
