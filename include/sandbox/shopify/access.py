"""Access scopes: which scope a field needs and the error without it."""

from __future__ import annotations

from graphql import GraphQLError

from include.sandbox.shopify.context import Info

DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"


def require(info: Info, *scopes: str, also: str | None = None) -> None:
    """Raise ACCESS_DENIED unless the app has one of the scopes.

    The shape is recorded; the wording for inventory is documented in the scope table of 2026-10.
    """
    if any(info.context.allows(scope) for scope in scopes):
        return
    needed = " or ".join(f"`{scope}`" for scope in scopes) + " access scope."
    if also:
        needed += f" Also: The user must have a {also}."
    raise GraphQLError(
        f"Access denied for {info.field_name} field. Required access: {needed}",
        nodes=info.field_nodes,
        path=info.path.as_list(),
        extensions={"code": "ACCESS_DENIED", "documentation": DOCUMENTATION, "requiredAccess": needed},
    )
