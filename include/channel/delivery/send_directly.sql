-- The batches of a file that was not started go on by direct calls; the file is done. Writes outbox_file, outbox_batch.
WITH given_up AS (
    UPDATE outbox_file
    SET status_id = 'DONE', message = %(message)s, finished_at = now()
    WHERE outbox_file_id = %(outbox_file_id)s AND status_id = 'BUILT'
    RETURNING outbox_file_id
)

UPDATE outbox_batch AS batch
SET transport = 'DIRECT', outbox_file_id = NULL, line_number = NULL
FROM given_up
WHERE batch.outbox_file_id = given_up.outbox_file_id AND batch.status_id = 'PLANNED'
