"""Start what the database tests need: PostgreSQL, MariaDB and Redis.

    scripts/services.py run COMMAND...   run a command with all three up, then stop those it started
    scripts/services.py start DIRECTORY  start them, and print the variables to export
    scripts/services.py stop DIRECTORY   stop those that were started there

A server is taken as it is where one answers at the address in TIGHTLIP_TEST_POSTGRESQL,
TIGHTLIP_TEST_MARIADB or TIGHTLIP_TEST_REDIS, or at the usual local address where the variable is
not set. Else a private one is started, on a free port, with its data in DIRECTORY.

Run it by the interpreter of the virtual environment: it asks the servers through their drivers.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

START_SECONDS = 60


class ServiceError(Exception):
    """A server is not to be had; the message says what to do."""


def probe_postgresql(address: str) -> None:
    """Connect to PostgreSQL; make the database of `address` where it is missing."""
    import psycopg

    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        parts = urlsplit(address)
        name = parts.path.removeprefix("/")
        maintenance = urlunsplit(parts._replace(path="/postgres"))
        with psycopg.connect(maintenance, connect_timeout=5, autocommit=True) as connection:
            identifier = psycopg.sql.Identifier(name)
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(identifier))


def probe_mariadb(address: str) -> None:
    """Connect to MariaDB; make the database of `address` where it is missing."""
    import pymysql

    parts = urlsplit(address)
    name = parts.path.removeprefix("/")
    connection = pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        connect_timeout=5,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW DATABASES LIKE '{name}'")
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE `{name}`")


def probe_redis(address: str) -> None:
    """Connect to Redis."""
    import redis

    with redis.Redis.from_url(address, socket_connect_timeout=5) as client:
        client.ping()


def start_postgresql(directory: Path) -> tuple[int, str]:
    """Start a PostgreSQL with its data in `directory`; return its process and its address."""
    binaries = newest_postgresql()
    user = unprivileged("postgres")
    data, port = directory / "data", free_port()
    give(directory, user)
    run_as(user, [binaries / "initdb", "--pgdata", data, "--username=postgres", "--auth=trust",
                  "--encoding=UTF8", "--locale=C", "--no-sync"])  # fmt: skip
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {directory}"
    process = spawn(user, [binaries / "postgres", "-D", data, *options.split()], directory)
    return process, f"postgresql://postgres@127.0.0.1:{port}/test"


def start_mariadb(directory: Path) -> tuple[int, str]:
    """Start a MariaDB with its data in `directory`; return its process and its address."""
    server, install = program("mariadbd"), program("mariadb-install-db")
    user = unprivileged("mysql")
    data, port = directory / "data", free_port()
    give(directory, user)
    run_as(user, [install, "--no-defaults", f"--datadir={data}", "--skip-test-db",
                  "--auth-root-authentication-method=normal"])  # fmt: skip
    process = spawn(
        user,
        [server, "--no-defaults", f"--datadir={data}", f"--port={port}",
         "--bind-address=127.0.0.1", f"--socket={directory / 'socket'}",
         f"--pid-file={directory / 'server.pid'}"],
        directory,
    )  # fmt: skip
    return process, f"mysql://root@127.0.0.1:{port}/test"


def start_redis(directory: Path) -> tuple[int, str]:
    """Start a Redis that keeps nothing; return its process and its address."""
    server, port = program("redis-server"), free_port()
    command = [server, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", directory]
    return spawn(None, command, directory), f"redis://127.0.0.1:{port}/0"


@dataclass(frozen=True)
class Service:
    """One server: where it is looked for, how it is asked, and how a private one is started."""

    name: str
    variable: str
    default: str
    probe: Callable[[str], None]
    start: Callable[[Path], tuple[int, str]]

    def is_there(self, address: str) -> bool:
        """Tell whether the server answers at `address`."""
        try:
            self.probe(address)
        except ImportError:
            raise
        except Exception:  # whatever a driver raises, the answer is no
            return False
        return True

    def provide(self, directory: Path) -> str:
        """Return the address of a server that answers, started in `directory` if need be."""
        given = os.environ.get(self.variable)
        if self.is_there(given or self.default):
            return given or self.default
        if given:
            raise ServiceError(
                f"{self.variable} names a {self.name} that does not answer: start it, correct "
                f"the address, or unset the variable"
            )
        place = directory / self.name.lower()
        place.mkdir()
        process, address = self.start(place)
        (place / "process").write_text(str(process))
        deadline = time.monotonic() + START_SECONDS
        while not self.is_there(address):
            if time.monotonic() > deadline or has_ended(process):
                words = (place / "output").read_text(errors="replace")[-2000:]
                raise ServiceError(f"{self.name} did not start; it said:\n{words}")
            time.sleep(0.2)
        return address


SERVICES = (
    Service(
        "PostgreSQL",
        "TIGHTLIP_TEST_POSTGRESQL",
        "postgresql://postgres@127.0.0.1:5432/test",
        probe_postgresql,
        start_postgresql,
    ),
    Service(
        "MariaDB",
        "TIGHTLIP_TEST_MARIADB",
        "mysql://root@127.0.0.1:3306/test",
        probe_mariadb,
        start_mariadb,
    ),
    Service(
        "Redis",
        "TIGHTLIP_TEST_REDIS",
        "redis://127.0.0.1:6379/0",
        probe_redis,
        start_redis,
    ),
)


def program(name: str) -> str:
    """Find an installed program."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ServiceError(f"{name} is not installed: scripts/system-packages test installs it")
    return found


def newest_postgresql() -> Path:
    """Find PostgreSQL's programs, which Debian keeps out of the search path."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    return versions[-1] if versions else Path(program("initdb")).resolve().parent


def unprivileged(name: str) -> str | None:
    """Return the user to run a server as that refuses root; None where we are not root."""
    if os.geteuid() != 0:
        return None
    for candidate in (name, "nobody"):
        try:
            return pwd.getpwnam(candidate).pw_name
        except KeyError:
            continue
    raise ServiceError(f"there is no user {name} to run the server as")


def give(directory: Path, user: str | None) -> None:
    """Let `user` own `directory`."""
    if user is not None:
        shutil.chown(directory, user)


def run_as(user: str | None, command: list[object]) -> None:
    """Run `command` to its end as `user`."""
    done = subprocess.run(
        [str(word) for word in command],
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServiceError(f"{command[0]} failed:\n{done.stdout[-2000:]}")


def spawn(user: str | None, command: list[object], directory: Path) -> int:
    """Start a server in a session of its own, so that no Ctrl-C of ours ends it half-way."""
    with (directory / "output").open("wb") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            user=user,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ).pid


def has_ended(process: int) -> bool:
    """Tell whether a process is gone, taking note of our own children that have ended."""
    try:
        ended, _ = os.waitpid(process, os.WNOHANG)
    except ChildProcessError:
        return not Path(f"/proc/{process}").exists()
    return ended == process


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def start(directory: Path) -> dict[str, str]:
    """Provide every server; return the variables that name them."""
    try:
        return {service.variable: service.provide(directory) for service in SERVICES}
    except BaseException:
        stop(directory)
        raise


def stop(directory: Path) -> None:
    """Stop the servers that were started in `directory`, and remove what they kept."""
    for note in directory.glob("*/process"):
        process = int(note.read_text())
        try:
            # PostgreSQL's "fast" shutdown; the others take it for a request to end as well.
            os.kill(process, signal.SIGINT if note.parent.name == "postgresql" else signal.SIGTERM)
        except ProcessLookupError:
            continue
        deadline = time.monotonic() + START_SECONDS
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.1)
    shutil.rmtree(directory, ignore_errors=True)


def run(command: list[str]) -> int:
    """Run `command` with every server up; return its exit code."""
    directory = Path(tempfile.mkdtemp(prefix="tightlip-services-"))
    directory.chmod(0o755)  # the servers run as users of their own
    try:
        environment = {**os.environ, **start(directory)}
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        stop(directory)


def main(arguments: list[str]) -> int:
    """Do as the command line says; see the top of this file."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    match arguments:
        case ["run", *command] if command:
            return run(command)
        case ["start", name]:
            directory = Path(name).absolute()
            directory.mkdir(parents=True)
            for variable, address in start(directory).items():
                print(f"export {variable}={shlex.quote(address)}")
            return 0
        case ["stop", name]:
            stop(Path(name).absolute())
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except ServiceError as error:
        raise SystemExit(f"scripts/services.py: {error}") from None
