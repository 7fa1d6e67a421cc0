"""Asks Airflow's api-server application for every route that the project's plugins mount in it, in every role.

Runs apart from pytest, as Airflow changes the process that it is in. Reads a list of further paths from its argument;
writes one line of JSON: what the plugins are besides their FastAPI applications, the routes, and
`[role, method, path, status, headers and body as text]` for each request.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

ROLES = ("nobody", "viewer", "user", "op", "admin")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def routes() -> list[tuple[str, str]]:
    """Every path below a plugin's prefix, with the methods that it has, as `GET,HEAD`."""
    from airflow import plugins_manager

    apps, middlewares = plugins_manager.get_fastapi_plugins()
    assert not middlewares, middlewares
    found = []
    for each in apps:
        for route in each["app"].routes:
            methods = getattr(route, "methods", None)
            found.append(
                (each["url_prefix"] + route.path, ",".join(sorted(methods)) if methods else type(route).__name__)
            )
    return sorted(found)


def beside() -> dict[str, list[str]]:
    """What else the plugins show in the web: views and blueprints of older kinds, pages and macros."""
    from airflow import plugins_manager

    views, apps = plugins_manager._get_ui_plugins()
    return {
        "ui": [str(each) for each in [*views, *apps]],
        "flask": [str(each) for kind in plugins_manager.get_flask_plugins() for each in kind],
        "errors": [str(each) for each in plugins_manager.get_import_errors().items()],
    }


def answers(paths: list[str]) -> Iterator[list[Any]]:
    """The answer to an empty request of each method, by everybody, to each path."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    app = create_app()
    for role in ROLES:
        client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        if role != "nobody":
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=role, role=role))
            client.headers["Authorization"] = f"Bearer {token}"
            client.cookies.set("_token", token)
            yield [role, "GET", "/api/v2/dags", client.get("/api/v2/dags").status_code, ""]
        for path in paths:
            for method in METHODS:
                told = client.request(method, path)
                yield [role, method, path, told.status_code, f"{dict(told.headers)} {told.text}"]


def _main() -> None:
    from airflow.utils.db import initdb

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Airflow prints
    initdb()
    found = routes()
    paths = [path for path, _ in found]
    more = json.loads(sys.argv[1])
    out.write(json.dumps({"beside": beside(), "routes": found, "answers": list(answers([*paths, *more]))}) + "\n")
    out.flush()


if __name__ == "__main__":
    _main()
