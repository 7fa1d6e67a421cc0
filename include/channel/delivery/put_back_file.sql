-- The operation of a file was surely not started: it may be, later. Writes outbox_file, outbox_batch.
WITH built AS (
    UPDATE outbox_file
    SET status_id = 'BUILT', started_at = NULL, message = %(message)s
    WHERE outbox_file_id = %(outbox_file_id)s AND status_id IN ('BUILT', 'STARTING')
    RETURNING outbox_file_id
)

UPDATE outbox_batch AS batch
SET status_id = 'PLANNED'
FROM built
WHERE batch.outbox_file_id = built.outbox_file_id AND batch.status_id = 'SENDING'
