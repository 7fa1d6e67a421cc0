-- Numbers the lines of a file as they will be written: only batches that are still planned, from 0 without a gap.
-- Writes outbox_batch.
UPDATE outbox_batch AS batch
SET line_number = numbered.line_number
FROM (
    SELECT
        outbox_batch_id,
        CASE
            WHEN status_id = 'PLANNED'
                THEN row_number() OVER (PARTITION BY status_id = 'PLANNED' ORDER BY outbox_batch_id) - 1
        END AS line_number
    FROM outbox_batch
    WHERE outbox_file_id = %(outbox_file_id)s
) AS numbered
WHERE batch.outbox_batch_id = numbered.outbox_batch_id
