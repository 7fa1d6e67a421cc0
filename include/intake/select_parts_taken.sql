-- Parts of a cut file that were taken within half a day of a moment. Reads data_manager_log.
SELECT
    file_name,
    file_size,
    file_modified_at
FROM data_manager_log
WHERE
    config_id = %(config_id)s AND set_name = %(set_name)s AND status_id <> 'CANCELLED'
    AND file_modified_at BETWEEN %(near)s - interval '12 hours' AND %(near)s + interval '12 hours'
