"""Places: where the private record is read from, with all that was recorded until now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from tightlip.incidents.directory import PrivateDirectory
from tightlip.incidents.drainer import drain, open_store, told_of_damages, undrained
from tightlip.incidents.tables import StoreError

if TYPE_CHECKING:
    from tightlip.incidents.records import Records
    from tightlip.incidents.store import Store


class Place(Protocol):
    """Where the private record is read from."""

    @property
    def name(self) -> str:
        """What it is called, without any secret."""
        ...

    def is_there(self) -> bool:
        """Tell whether anything was ever recorded there.

        Raises:
            StoreError: Something else is there.
        """
        ...

    def opened(self, tell: Callable[[str], object]) -> AbstractContextManager[Records]:
        """Open it; in it is all that was recorded until now.

        Args:
            tell: Is told in one line of each damage that is met.

        Raises:
            StoreError, OSError: It cannot be read.
        """
        ...

    def looks(self, tell: Callable[[str], object]) -> Iterator[Records]:
        """Give it again and again, each time with all that was recorded until then.

        Args:
            tell: As above.

        Raises:
            StoreError, OSError: It cannot be read.
        """
        ...

    def measured(
        self, tell: Callable[[str], object]
    ) -> AbstractContextManager[tuple[Records, int]]:
        """Open it like `opened`, and tell how many bytes waited to come into it.

        Args:
            tell: As above.

        Raises:
            StoreError, OSError: It cannot be read.
        """
        ...


class DirectoryPlace:
    """A directory of this machine: its store, and the spools that are moved there.

    Args:
        directory: The directory; it is made if it is missing.
    """

    def __init__(self, directory: PrivateDirectory) -> None:
        self._directory = directory

    @property
    def name(self) -> str:
        """The path of the directory."""
        return str(self._directory.path)

    def is_there(self) -> bool:
        """Tell whether there is such a directory.

        Raises:
            StoreError: Something else is there.
        """
        path = self._directory.path
        if path.is_dir():
            return True
        if path.exists():
            raise StoreError(f"{path} is no directory.")
        return False

    @contextmanager
    def opened(self, tell: Callable[[str], object]) -> Iterator[Records]:
        """Open the store, and move into it what stands in the spools; see `Place`."""
        with open_store(self._directory, tell) as store:
            self._drain(store, tell)
            yield store

    def looks(self, tell: Callable[[str], object]) -> Iterator[Records]:
        """Open the store once, and move into it what is new at each look; see `Place`."""
        while True:
            with open_store(self._directory, tell) as store:
                # One that was set aside is somebody else's evidence: nothing is moved there.
                while store.database.is_in_place():
                    self._drain(store, tell)
                    yield store

    @contextmanager
    def measured(self, tell: Callable[[str], object]) -> Iterator[tuple[Records, int]]:
        """Open the store, and tell how many bytes of the spools were not in it; see `Place`."""
        with open_store(self._directory, tell) as store:
            waiting, _ = undrained(self._directory, store)
            self._drain(store, tell)
            yield store, waiting

    def _drain(self, store: Store, tell: Callable[[str], object]) -> None:
        drained = drain(self._directory, store)
        if drained.damages:
            tell(f"{told_of_damages(drained, self._directory)}.")


def store_at(url: str) -> Place:
    """Return the store of several hosts at `url`.

    Raises:
        ValueError: It is no address of PostgreSQL. The message does not repeat it.
        ImportError: psycopg is not installed.
    """
    from tightlip.incidents.postgresql import NO_ADDRESS, SCHEMES

    if not url.startswith(SCHEMES):  # before anybody is told to install what would not help
        raise ValueError(NO_ADDRESS)
    try:
        from tightlip.incidents.postgresql.store import PostgresqlPlace
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "psycopg":
            raise
        raise ImportError(
            "a store in PostgreSQL needs psycopg: pip install 'tightlip[postgresql]'"
        ) from None
    return PostgresqlPlace(url)
