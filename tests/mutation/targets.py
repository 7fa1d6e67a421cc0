"""What is changed on purpose, and which tests should notice: for each group, the quickest tests first."""

from __future__ import annotations

from dataclasses import dataclass

PLANNING = "include/channel/planning"
DELIVERY = "include/channel/delivery"
RECONCILIATION = "include/channel/reconciliation"
ORDER_IMPORT = "include/channel/order_import"
ATP = "include/stock/atp"
TURNS = "tests/channel/test_turns.py"
SLOW = (
    "not (outcome_is_settled and (documented or none or delay or late)) and not poison and not sent_250"
    " and not silence_after"
)


@dataclass(frozen=True)
class Target:
    """Files whose every change the tests should notice. A Python file is changed within its functions.

    `but` are the tests that take long and tell little more, as pytest's `-k` takes them.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    but: str = SLOW


TARGETS = (
    Target(
        "planner",
        (
            *(f"{PLANNING}/{name}.sql" for name in ("choose_rows", "hold_back", "note_changes", "keep_reasons")),
            *(f"{PLANNING}/{name}.sql" for name in ("sum_chosen", "sum_vanishing", "decide_plan")),
            f"{DELIVERY}/freeze_batches.sql",
            f"{PLANNING}/planner.py",
            f"{PLANNING}/breaker.py",
        ),
        (
            "tests/channel/planning/test_planned_rows.py",
            "tests/channel/planning/test_ledger_reasons.py",
            "tests/channel/planning/test_breaker.py",
            TURNS,
            "tests/channel/planning/test_plans.py",
            "tests/channel/test_two_shops.py",
            "tests/channel/planning/test_launches.py",
            "tests/channel/planning/test_scope.py",
        ),
    ),
    Target(
        "delivery",
        (
            *(f"{DELIVERY}/{name}.sql" for name in ("confirm_batch", "end_unapplied", "mark_sending", "take_over")),
            *(f"{DELIVERY}/{name}.sql" for name in ("choose_stale_rows", "choose_remaining_rows", "select_overtaken")),
            f"{DELIVERY}/select_sendable.sql",
            f"{RECONCILIATION}/close_settled.sql",
            *(f"{DELIVERY}/{name}.py" for name in ("delivery", "outbox", "stale")),
        ),
        (
            "tests/channel/delivery/test_outbox.py",
            "tests/channel/delivery/test_runs.py",
            TURNS,
            "tests/channel/delivery/test_bundles.py",
            "tests/channel/delivery/test_delivery.py",
            "tests/channel/delivery/test_held_up_senders.py",
            "tests/channel/test_two_shops.py",
            "tests/channel/planning/test_plans.py",
        ),
    ),
    Target(
        "settlement",
        (
            *(f"{RECONCILIATION}/{name}.sql" for name in ("judge_levels", "rebase_positions", "select_unsettled")),
            f"{ORDER_IMPORT}/move_positions.sql",
            f"{RECONCILIATION}/observation.py",
        ),
        (
            "tests/channel/reconciliation/test_judgement.py",
            "tests/channel/reconciliation/test_looks.py",
            TURNS,
            "tests/channel/reconciliation/test_observation.py",
            "tests/channel/test_two_shops.py",
            "tests/channel/delivery/test_delivery.py",
            "tests/channel/reconciliation/test_drift.py",
            "tests/channel/order_import/test_orders.py",
        ),
    ),
    Target(
        "explanation",
        (
            *(f"{RECONCILIATION}/{name}.sql" for name in ("settle_explained", "select_pending")),
            f"{RECONCILIATION}/hot_levels.py",
        ),
        (
            "tests/channel/reconciliation/test_explanations.py",
            "tests/channel/reconciliation/test_hot_levels.py",
            TURNS,
            "tests/channel/delivery/test_delivery.py",
        ),
        f"{SLOW} and not random_worlds",
    ),
    Target(
        "atp",
        (*(f"{ATP}/{name}.sql" for name in ("refresh_targets", "fill_refresh_component", "notice_dates")),),
        (
            "tests/stock/atp/test_online_atp.py",
            "tests/stock/atp/test_kits.py",
            "tests/stock/atp/test_written_levels.py",
            "tests/stock/atp/test_dated_rows.py",
            "tests/stock/atp/test_online_atp_histories.py",
            "tests/channel/test_two_shops.py",
        ),
        "not indexes and not dag and not documented_page",
    ),
    Target("kits", (f"{ATP}/kit_stock.py",), ("tests/stock/atp/test_kit_stock.py",)),
)
