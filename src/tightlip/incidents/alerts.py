"""Alerts: the setting that says what is told at once, and how it is sent."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from tightlip.incidents.alerting import Alert, Occasion
from tightlip.incidents.encoding import encode
from tightlip.incidents.outlet import Outlet, Takes, outlet_name
from tightlip.incidents.posting import post, refuse_bad_headers, refuse_bad_url
from tightlip.incidents.signing import key_of, signed

_LONGEST = 60.0  # seconds
_LONGEST_NAME = 60
_UNUSUAL = re.compile("[^A-Za-z0-9._-]")


class CommandError(Exception):
    """The command could not be run, or has failed."""


@dataclass(frozen=True, slots=True)
class Alerts:
    """Tells of a fault that is new, that came back, or that is suddenly frequent.

    An alert holds open words only: types, places, codes and counts, no message and no value.
    Groups that are muted make none.

    Args:
        webhook: An address to POST each alert to, as JSON; by `https`, or on this machine.
        command: A program with its arguments, such as `["notify", "--team"]`, that gets each
            alert on standard input. No shell reads it.
        secret: What the POST is signed with: `whsec_` and base64, or a text of 24 bytes or more.
        headers: More headers of the POST, such as `Authorization`.
        timeout: Seconds that the command, or one step of the POST, may take.
        occasions: Which alerts are sent, of `new`, `regression` and `spike`.
        spike_times: A spike is a minute with so many times the mean of the hour before it,
        spike_from: and at least so many incidents.
    """

    webhook: str | None = None
    command: Sequence[str] | None = None
    secret: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    timeout: float = 10.0
    occasions: Sequence[str] = tuple(Occasion)
    spike_times: float = 10.0
    spike_from: int = 20

    def __post_init__(self) -> None:
        if (self.webhook is None) is (self.command is None):
            raise ValueError("give webhook, an address, or command, a list of texts")
        if self.webhook is not None:
            _refuse_address(self.webhook)
        elif self.secret is not None or self.headers is not None:
            raise ValueError("secret and headers belong to a webhook")
        if self.command is not None:
            _refuse_command(self.command)
        if self.secret is not None:
            key_of(self.secret)
        if self.headers is not None:
            refuse_bad_headers(self.headers)
        if not 0 < self.timeout <= _LONGEST:
            raise ValueError(f"timeout = {self.timeout!r}: give seconds, up to {_LONGEST:g}")
        if not self.occasions or not set(self.occasions) <= set(Occasion):
            raise ValueError(f"occasions are of {', '.join(Occasion)}, not {self.occasions!r}")
        if not self.spike_times > 1 or self.spike_from < 1:
            raise ValueError("a spike is more than once the usual, and at least one incident")

    def outlet(self) -> Outlet:
        """Return these alerts as the store knows them."""
        if self.webhook is not None:
            address, receiver = self.webhook, urlsplit(self.webhook).hostname or ""
        else:
            command = self.command or ()
            address, receiver = encode({"command": [*command]}), Path(command[0]).name
        return Outlet(
            outlet_name(f"alerts-{_UNUSUAL.sub('_', receiver)[:_LONGEST_NAME]}", address),
            Takes.ALERTS,
            self._send,
            settings=encode(
                {
                    "occasions": [str(occasion) for occasion in self.occasions],
                    "spike_times": self.spike_times,
                    "spike_from": self.spike_from,
                }
            ),
        )

    def _send(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            if self.webhook is not None:
                self._post(self.webhook, alert)
            else:
                _run(list(self.command or ()), alert, self.timeout)

    def _post(self, url: str, alert: Alert) -> None:
        body = alert.document.encode("ascii")
        key = None if self.secret is None else key_of(self.secret)
        headers = {
            **(self.headers or {}),
            "Content-Type": "application/json",
            "Idempotency-Key": f'"{alert.identity}"',
            **signed(alert.identity, body, key),
        }
        post(url, body, headers, self.timeout)


def alerts_of(webhook: str | None, command: str | None, secret: str | None) -> list[Alerts]:
    """Return the alerts that a command line asks for.

    Args:
        webhook: An address, or None.
        command: A program with its arguments, in one text, or None.
        secret: What a POST to the address is signed with.

    Raises:
        TypeError, ValueError: They cannot be sent.
    """
    wanted = []
    if webhook is not None:
        wanted.append(Alerts(webhook=webhook, secret=secret))
    if command is not None:
        wanted.append(Alerts(command=shlex.split(command)))
    return wanted


def _refuse_address(url: str) -> None:
    refuse_bad_url(url)
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise ValueError("an alert leaves this machine by https:// alone")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_command(command: Sequence[str]) -> None:
    if isinstance(command, str) or not command or not all(type(part) is str for part in command):
        raise TypeError("command takes a list of texts, the program first; no shell reads it")
    if any("\0" in part for part in command) or shutil.which(command[0]) is None:
        raise ValueError("there is no such program to run")


def _run(command: list[str], alert: Alert, timeout: float) -> None:
    """Run `command` with the alert on its standard input, for no longer than `timeout` seconds.

    Raises:
        CommandError: It failed, or took too long; it and what it has started were ended then.
        OSError: It cannot be started.
    """
    process = subprocess.Popen(  # noqa: S603 - the program that the operator named
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.communicate(alert.document.encode("ascii") + b"\n", timeout)
    except subprocess.TimeoutExpired:
        raise CommandError("the command took too long") from None
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                _end(process.pid)
            process.wait()
    if process.returncode:
        raise CommandError(f"the command ended with {process.returncode}")


def _end(group: int) -> None:
    if os.name == "posix":
        os.killpg(group, signal.SIGKILL)
    else:
        os.kill(group, signal.SIGTERM)
