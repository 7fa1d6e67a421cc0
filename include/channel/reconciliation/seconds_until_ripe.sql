-- How long until the youngest request with an unknown outcome can no longer arrive; 0 if there is none.
-- Reads outbox_batch.
SELECT
    greatest(
        0, max(extract(EPOCH FROM sent_at + make_interval(secs => %(seconds_to_arrive)s) - clock_timestamp()))
    )::float AS seconds
FROM outbox_batch
WHERE shop_id = %(shop_id)s AND status_id = 'UNKNOWN'
