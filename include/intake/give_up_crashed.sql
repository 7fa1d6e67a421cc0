-- Puts files aside that have taken their worker or the database down too often. Writes data_manager_log.
UPDATE data_manager_log
SET
    status_id = 'CRASHED',
    finished_at = now(),
    message = format(
        'The worker died, or lost its database, %%s times while it processed this file. Look at the logs of both, then'
        ' retry the file.',
        attempts
    )
WHERE
    config_id = %(config_id)s AND property_resource = %(property_resource)s
    AND status_id = 'RUNNING' AND attempts >= %(most)s
RETURNING *
