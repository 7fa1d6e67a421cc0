-- The oldest waiting file of a feed becomes RUNNING. Writes data_manager_log; the caller holds the feed's lock.
UPDATE data_manager_log
SET status_id = 'RUNNING', attempts = attempts + 1, started_at = now()
WHERE data_manager_log_id = (
    SELECT min(data_manager_log_id)
    FROM data_manager_log
    WHERE
        config_id = %(config_id)s AND property_resource = %(property_resource)s
        AND status_id IN ('PENDING', 'RUNNING')
)
RETURNING *
