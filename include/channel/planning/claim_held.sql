-- A run asks about these plans, of those that still wait. Writes outbox_plan.
UPDATE outbox_plan
SET asked_by_run = %(run_id)s
WHERE outbox_plan_id IN (SELECT unnest(%(plan_ids)s::bigint[])) AND status_id = 'HELD'
