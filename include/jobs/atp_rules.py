"""The tasks of the ATP rules: what they change, and the files that say so."""

import logging
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

logger = logging.getLogger(__name__)

VARIABLE = "atp_rules_file"
"""Airflow Variable with the path of the rules' file; without it `include/atp_rules.yaml`."""

MOST_SHOWN = 50
"""Changes that a dry run lists in its result."""


@task
def find_changes(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Take the rules' file into the database, and note what the rules change; with `dryRun` only tell.

    Raises:
        RulesRefused: The file says something that is not right; none of it was taken.
    """
    from pathlib import Path

    from airflow.sdk import Variable

    from include.jobs import connections
    from include.stock.atp_rules import evaluation, rules_file

    assert params is not None
    file = Path(Variable.get(VARIABLE, default=None) or rules_file.DEFAULT)
    rules = rules_file.read(file)
    with connections.oms() as oms:
        if params["dryRun"]:
            previewed = evaluation.preview(oms, rules, str(file), params["ruleGroup"], most=MOST_SHOWN)
            imported, counts = previewed.imported, previewed.counts
            told = {
                "would_change": [
                    f"{each.product_id} at {each.facility_id}: {each.field} {each.from_text} -> {each.to_text}"
                    f" ({_why(each.rule_group_id, each.rule_id)})"
                    for each in previewed.changes
                ]
            }
        else:
            applied = evaluation.apply(oms, rules, str(file), params["ruleGroup"])
            imported, counts = applied.imported, applied.counts
            told = {"files": [each.file_name for each in applied.files]}
    for warning in imported.warnings:
        logger.warning("%s: %s", file, warning)
    report = {
        "rules_file": str(file),
        "rules": imported.rules,
        "warnings": list(imported.warnings),
        "changes": {
            f"{each.rule_group_type_id}, {_why(each.rule_group_id, each.rule_id)}": each.changes for each in counts
        },
        **told,
    }
    logger.info("%s", report)
    return report


@task
def write_files(params: dict[str, Any] | None = None) -> list[str]:
    """Write the noted changes into the folder of the product facility feed, also those of a run that broke off.

    Raises:
        AirflowSkipException: There is none to write.
    """
    from include.intake import rule_files
    from include.jobs import connections

    assert params is not None
    if params["dryRun"]:
        raise AirflowSkipException("a dry run writes nothing")
    with connections.oms() as oms, connections.sftp(params["propertyResource"]) as sftp:
        written = rule_files.write_outstanding(oms, sftp, params["propertyResource"])
    if not written:
        raise AirflowSkipException("no value differs from what the rules say, or what does is on its way")
    logger.info("written: %s", written)
    return written


def _why(rule_group_id: str | None, rule_id: str | None) -> str:
    return "back to the base" if rule_id is None else f"rule {rule_group_id}/{rule_id}"
