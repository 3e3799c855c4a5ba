"""Address: where a PostgreSQL is; what is shown of it holds no secret."""

from __future__ import annotations

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tightlip.incidents.postgresql import NO_ADDRESS, SCHEMES

_SECRETS = ("password", "sslpassword")
_MASK = "[password]"


class Address:
    """The address of a database, as libpq reads it (PostgreSQL, section 34.1.1.2).

    Args:
        url: Such as `postgresql://user@host/database`. What it leaves out (the password, say)
            libpq takes from its environment variables and `~/.pgpass`.

    Attributes:
        name: Host, port and database, to show.

    Raises:
        ValueError: It is no such address. The message does not repeat it, since it may hold a
            password.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = conninfo_to_dict(url) if url.startswith(SCHEMES) else {}
        except ProgrammingError:  # its message repeats the address
            parts = {}
        if not parts:
            raise ValueError(NO_ADDRESS)
        self.conninfo = url
        port = f":{parts['port']}" if "port" in parts else ""
        self.name = f"postgresql://{parts.get('host', '')}{port}/{parts.get('dbname', '')}"
        self._secrets = [str(parts[name]) for name in _SECRETS if parts.get(name)]

    def __repr__(self) -> str:
        return f"Address({self.name!r})"

    def masked(self, text: str) -> str:
        """Return `text` without the passwords of this address."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text
