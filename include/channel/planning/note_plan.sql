-- Keeps a plan; its rows belong to it from now on. Reads shopify_shop; writes outbox_plan, chosen_row.
WITH noted AS (
    INSERT INTO outbox_plan (
        shop_id, status_id, plan_rows, units_up, units_down, transport, transport_reason, held_because, ledger_through
    )
    SELECT
        shop_id,
        CASE WHEN %(held_because)s::text IS NULL THEN 'RELEASED' ELSE 'HELD' END,
        %(plan_rows)s,
        %(units_up)s,
        %(units_down)s,
        %(transport)s,
        %(transport_reason)s,
        %(held_because)s,
        coalesce(ledger_planned_through, 0)
    FROM shopify_shop
    WHERE shop_id = %(shop_id)s
    RETURNING outbox_plan_id
),

marked AS (
    UPDATE chosen_row SET outbox_plan_id = noted.outbox_plan_id FROM noted
)

SELECT outbox_plan_id FROM noted
