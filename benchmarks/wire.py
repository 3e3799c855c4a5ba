"""Requests a second on uvicorn, bare and guarded, for an answer of 1 KB over a loopback socket.

`wrk` asks, with 16 connections; the two servers, each a process of its own with one worker, take
turns of two seconds. Beside the clock stands the processor's time that a server took for a request
(from Linux's `/proc`), which says more where other work keeps the machine busy. Without `wrk` on
the path nothing is measured.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import tightlip

ROUNDS, SECONDS, CONNECTIONS = 5, 2, 16
BODY = (b'{"name":"value"},' * 61)[:1024]
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"1024")]


async def bare(scope, _receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def serve(kind, port):
    import uvicorn

    application = tightlip.shield(bare) if kind == "guarded" else bare
    uvicorn.run(application, port=port, lifespan="off", access_log=False, log_level="error")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def started(kind, port):
    """Start a server in a process of its own; return the process once it listens."""
    process = subprocess.Popen([sys.executable, __file__, kind, str(port)])
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit(f"the {kind} server did not start")


def processor_seconds(process):
    """Return the processor's time that a process has taken (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked(wrk, port, process):
    """Ask for some seconds; return the requests in one of them, and the processor's time of one."""
    begun = processor_seconds(process)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    count = int(re.search(r"(\d+) requests in", told)[1])
    taken = (processor_seconds(process) - begun) / count
    return float(re.search(r"Requests/sec:\s*([\d.]+)", told)[1]), taken


def main():
    wrk = shutil.which("wrk")
    if wrk is None:
        print("wrk is not installed: nothing was measured")
        return
    ports = {kind: free_port() for kind in ("bare", "guarded")}
    servers = {kind: started(kind, port) for kind, port in ports.items()}
    found = {kind: [] for kind in ports}
    try:
        for kind, port in ports.items():
            asked(wrk, port, servers[kind])
        for _ in range(ROUNDS):
            for kind, port in ports.items():
                found[kind].append(asked(wrk, port, servers[kind]))
    finally:
        for server in servers.values():
            server.terminate()
            server.wait(10)
    print(
        "| uvicorn, 1 KB | requests a second | of bare | processor's time | of bare's speed by it |"
    )
    print("| --- | --- | --- | --- | --- |")
    own_speed, own_time = map(statistics.median, zip(*found["bare"], strict=True))
    for kind, rounds in found.items():
        speed, taken = map(statistics.median, zip(*rounds, strict=True))
        print(
            f"| {kind} | {speed:.0f} | {speed / own_speed:.2f} "
            f"| {taken * 1e6:.0f} µs | {own_time / taken:.2f} |"
        )


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1], int(sys.argv[2]))
    else:
        main()
