"""A thin client of Airflow's REST API, version 2."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import httpx

from include.sandbox.process import SandboxError

FINAL_STATES = frozenset({"success", "failed"})
_COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


class AirflowClient:
    """Speaks to one api-server as one user; logs in on first use and again when the token has expired."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self.user = user
        self._password = password
        # Proxies of the environment are not asked: the server is on this machine.
        self._http = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def log_in(self) -> str:
        """Fetches a token, uses it from now on, and returns it.

        Raises:
            SandboxError: The name or the password is wrong.
        """
        answer = self._http.post("/auth/token", json={"username": self.user, "password": self._password})
        if answer.status_code != httpx.codes.CREATED:
            raise SandboxError(f"{self.url}: login as {self.user!r} refused ({answer.status_code}): {answer.text}")
        token = str(answer.json()["access_token"])
        self._http.headers["Authorization"] = f"Bearer {token}"
        return token

    def request(self, method: str, path: str, *, ok: Collection[int] = (), **options: Any) -> httpx.Response:
        """One call below `/api/v2`.

        Args:
            method: The HTTP method.
            path: The path after `/api/v2`.
            ok: Status codes that are returned to the caller besides the successful ones.
            options: Passed to httpx: `json`, `params`.

        Raises:
            SandboxError: Airflow refused the call; with its answer.
        """
        if "Authorization" not in self._http.headers:
            self.log_in()
        answer = self._http.request(method, f"/api/v2{path}", **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.log_in()
            answer = self._http.request(method, f"/api/v2{path}", **options)
        if not answer.is_success and answer.status_code not in ok:
            raise SandboxError(f"{method} {answer.url}: {answer.status_code}: {answer.text[:2000]}")
        return answer

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer to a GET."""
        return self.request("GET", path, params=params).json()

    def answers(self) -> bool:
        """Whether the api-server is up."""
        try:
            return self._http.get("/api/v2/version", timeout=5.0).is_success
        except httpx.TransportError:
            return False

    def unhealthy(self) -> list[str]:
        """Names the parts of Airflow that do not report healthy; all of them while nobody answers."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=5.0)
        except httpx.TransportError:
            return list(_COMPONENTS)
        if not answer.is_success:
            return list(_COMPONENTS)
        parts = answer.json()
        return [name for name in _COMPONENTS if (parts.get(name) or {}).get("status") != "healthy"]

    def warm_up(self) -> None:
        """Makes the api-server build its execution API, which it otherwise does for the first task (3 s)."""
        # Without the user's token, which is none of that API's and would leave a stack trace in the log.
        httpx.get(f"{self.url}/execution/health", timeout=60.0, trust_env=False)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, *, run_id: str | None = None) -> str:
        """Starts a DAG run and returns its id.

        Raises:
            SandboxError: There is no such DAG (yet), or the parameters do not fit; with Airflow's answer.
        """
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id is not None:
            body["dag_run_id"] = run_id
        return str(self.request("POST", f"/dags/{dag_id}/dagRuns", json=body).json()["dag_run_id"])

    def dags(self) -> list[dict[str, Any]]:
        """All DAGs that Airflow knows."""
        return list(self.get("/dags", limit=1000)["dags"])

    def import_errors(self) -> dict[str, str]:
        """File name to error text of the DAG files that could not be loaded."""
        found = self.get("/importErrors", limit=1000)["import_errors"]
        return {one["filename"]: one["stack_trace"] for one in found}

    def runs(self, dag_id: str, *, limit: int = 100) -> list[dict[str, Any]]:
        """The latest runs of a DAG (`~`: of all DAGs), newest first."""
        return list(self.get(f"/dags/{dag_id}/dagRuns", order_by="-run_after", limit=limit)["dag_runs"])

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self.get(path, limit=1000)["task_instances"])

    def state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: queued, running, success or failed."""
        return str(self.get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        states: Collection[str] = FINAL_STATES,
        wait_s: float = 120.0,
        every_s: float = 0.2,
    ) -> str:
        """Waits until a run is in one of the states, and returns which.

        Raises:
            SandboxError: It is not within `wait_s` seconds; with the states of its tasks.
        """
        stop = time.monotonic() + wait_s
        while (state := self.state(dag_id, run_id)) not in states:
            if time.monotonic() > stop:
                tasks = {one["task_id"]: one["state"] for one in self.task_instances(dag_id, run_id)}
                raise SandboxError(
                    f"{dag_id}, run {run_id}: {state!r} after {wait_s:g} s, expected one of "
                    f"{sorted(states)}; tasks: "
                    f"{tasks}. See {self.url}/dags/{dag_id}/runs/{run_id}"
                )
            time.sleep(every_s)
        return state

    def log(self, dag_id: str, run_id: str, task_id: str, *, attempt: int = 1, map_index: int = -1) -> str:
        """The log of a task's attempt as lines of text."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        content = self.get(path, map_index=map_index, full_content=True)["content"]
        return "\n".join(one if isinstance(one, str) else str(one.get("event", one)) for one in content)
