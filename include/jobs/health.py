"""The tasks that look for what is wrong and fail with all of it, so that it is alerted."""

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

logger = logging.getLogger(__name__)


@task
def look_at_files() -> None:
    """Look for feeds gone quiet, files that wait or failed, and files where none belong.

    Raises:
        AirflowFailException: Something is wrong; all of it in one message, a line each, with what to do next.
    """
    from include.intake import health, remote
    from include.jobs import connections

    with connections.oms() as oms:
        found = health.look_at_queue(oms)
        for server in health.servers(oms):
            try:
                with connections.sftp(server) as sftp:
                    found += health.look_at_server(oms, sftp, server)
            except connections.ConnectionMisconfigured as misconfigured:
                found.append(str(misconfigured))
            except remote.TROUBLE as trouble:
                found.append(
                    f"Airflow connection {server!r}: the SFTP server could not be looked at ({trouble!r}). Check the"
                    " server, the network, and host and port of the connection"
                )
    for finding in found:
        logger.warning("%s", finding)
    if found:
        things = "thing is" if len(found) == 1 else "things are"
        raise AirflowFailException("\n- ".join([f"{len(found)} {things} wrong with the files:", *found]))
