-- What is sent with each batch of a file, in the order of its lines. Reads outbox_batch.
SELECT variables
FROM outbox_batch
WHERE outbox_file_id = %(outbox_file_id)s AND status_id = 'PLANNED'
ORDER BY line_number
