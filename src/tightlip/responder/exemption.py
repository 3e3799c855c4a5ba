"""Exemption: where an application may answer with what elsewhere would be a leak."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tightlip.findings.finding import Category


@dataclass(frozen=True, slots=True)
class Exemption:
    """Success answers whose product is such text: log viewers, error trackers, documentation.

    It holds where all that it names applies. Error answers and credentials are never exempt.

    Args:
        route: The route's template, such as `/logs/{day}`; every route without it.
        categories: The kinds of findings, such as `("stack_trace", "source_path")`; all without it.
        fields: The JSON keys under which the text stands, such as `("trace",)`, or the names of
            the header fields that carry it, such as `("X-Trace",)`; all without it.

    Raises:
        ValueError: It names nothing, an unknown category, or credentials.
        TypeError: A part is of the wrong type.
    """

    route: str | None = None
    categories: Collection[str] = ()
    fields: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.route is not None and not isinstance(self.route, str):
            raise TypeError(f"route is the template of a route, not {self.route!r}")
        for name in ("categories", "fields"):
            value = getattr(self, name)
            if isinstance(value, str) or not all(isinstance(text, str) for text in value):
                raise TypeError(f"{name} is a tuple of texts, not {value!r}")
            object.__setattr__(self, name, tuple(value))
        if self.route is None and not self.categories and not self.fields:
            raise ValueError("an exemption names a route, categories or fields")
        known = {category.value for category in Category} - {Category.CREDENTIAL.value}
        for category in self.categories:
            if category == Category.CREDENTIAL:
                raise ValueError("credentials are never exempt")
            if category not in known:
                raise ValueError(f"{category!r} is no category: {', '.join(sorted(known))}")

    def __str__(self) -> str:
        parts = [f"route {self.route}" if self.route is not None else "every route"]
        parts.append(f"categories {', '.join(self.categories)}" if self.categories else "")
        parts.append(f"fields {', '.join(self.fields)}" if self.fields else "")
        return "; ".join(part for part in parts if part)

    def covers_header(self, category: Category, route: str | None, name: str) -> bool:
        """Tell whether a finding of `category` in the header field `name` on `route` is exempt."""
        named = [field for field in self.fields if field.lower() == name.lower()]
        return self.covers(category, route, named)

    def covers(self, category: Category, route: str | None, keys: Collection[str]) -> bool:
        """Tell whether a finding of `category` under the JSON `keys` on `route` is exempt."""
        if category is Category.CREDENTIAL:
            return False
        if self.route is not None and self.route != route:
            return False
        if self.categories and category not in self.categories:
            return False
        return not self.fields or any(key in self.fields for key in keys)


def checked_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Return `paths` with a slash at the end of each.

    Raises:
        TypeError: A path is no text.
        ValueError: A path does not begin with a slash, has an empty part or dots for one, or is
            the whole site.
    """
    return tuple(dict.fromkeys(map(_checked, paths)))


def _checked(path: str) -> str:
    if not isinstance(path, str):
        raise TypeError(f"takes paths, such as '/admin/', not {path!r}")
    parts = parts_of(path)
    if not path.startswith("/") or not parts or "" in parts or "." in parts or ".." in parts:
        raise ValueError(
            f"takes paths below which pages are shown, such as '/admin/', not {path!r}: what is "
            f"not named stays as it is"
        )
    return "/" + "/".join(parts) + "/"


def parts_of(path: str) -> list[str]:
    """Return what stands between the slashes of `path`."""
    inner = path.removeprefix("/").removesuffix("/")
    return inner.split("/") if inner else []
