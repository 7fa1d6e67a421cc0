-- Somebody has decided on a plan that waits. Approved batches are sent as they are. Rejected ones end; what they would
-- have pushed is held back until a hard sync. Answers how many there are; nothing if the plan does not wait.
-- Writes outbox_plan, outbox_batch, outbox_batch_row, inventory_level.
WITH decided AS (
    UPDATE outbox_plan
    SET
        status_id = CASE WHEN %(approved)s THEN 'APPROVED' ELSE 'REJECTED' END,
        decided_by = %(decided_by)s,
        decided_at = now()
    WHERE outbox_plan_id = %(outbox_plan_id)s AND status_id = 'HELD'
    RETURNING outbox_plan_id
),

ended AS (
    UPDATE outbox_batch AS batch
    SET
        status_id = CASE WHEN %(approved)s THEN 'PLANNED' ELSE 'REJECTED' END,
        finished_at = CASE WHEN NOT %(approved)s THEN now() END
    FROM decided
    WHERE batch.outbox_plan_id = decided.outbox_plan_id AND batch.status_id = 'HELD'
    RETURNING batch.outbox_batch_id
),

unapplied AS (
    UPDATE outbox_batch_row AS batch_row
    SET outcome = 'NOT_APPLIED'
    FROM ended
    WHERE batch_row.outbox_batch_id = ended.outbox_batch_id AND NOT %(approved)s
),

freed AS (
    UPDATE inventory_level AS level
    SET outbox_batch_id = NULL, held_back = coalesce(level.delta, 0)
    FROM ended
    WHERE level.outbox_batch_id = ended.outbox_batch_id AND NOT %(approved)s
)

SELECT (SELECT count(*) FROM ended) AS batches
FROM decided
