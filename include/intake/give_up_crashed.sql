-- Puts files aside that have taken their worker down too often. Writes data_manager_log.
UPDATE data_manager_log
SET
    status_id = 'CRASHED',
    finished_at = now(),
    message = format(
        'The worker died %%s times while it processed this file. Look at its log, then retry the file.', attempts
    )
WHERE
    config_id = %(config_id)s AND property_resource = %(property_resource)s
    AND status_id = 'RUNNING' AND attempts >= %(most)s
RETURNING *
