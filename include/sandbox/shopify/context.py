"""What a resolver is given of its request, and the types of resolvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo

from include.sandbox.shopify.bulk.files import Files
from include.sandbox.shopify.settings import Settings
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.versions import LATEST


@dataclass(slots=True)
class Context:
    """What resolvers need of one request.

    `scopes` are those of the token, `base_url` is the emulator's address as the app sees it; `busy` says whether
    another request with the key is running; `user_error` and `slip_in` come from faults.
    """

    store: Store
    settings: Settings
    files: Files
    version: str = LATEST
    scopes: tuple[str, ...] = ()
    base_url: str = ""
    raw_variables: Mapping[str, Any] = field(default_factory=dict)
    busy: Callable[[str], bool] = lambda key: False
    user_error: str | None = None
    slip_in: bool = False
    searches: list[dict[str, Any]] = field(default_factory=list)

    def allows(self, scope: str) -> bool:
        """Say whether the token has a scope, by itself or through the write scope of the same name (documented)."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes


Info: TypeAlias = GraphQLResolveInfo[Context]
"""What the library passes to a resolver, with our context in it."""

Plain: TypeAlias = Callable[[Any, Context], Any]
"""Answers a field without arguments, from its object and the context alone."""
