-- Files that are done with and still lie in the processing folder. Reads data_manager_log.
SELECT
    data_manager_log_id,
    config_id,
    status_id,
    import_path,
    file_name,
    remote_file_path,
    file_size,
    file_modified_at,
    as_of,
    failed_record_count,
    error_file_path,
    message,
    attempts
FROM data_manager_log
WHERE
    config_id = %(config_id)s AND NOT filed_away
    AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS', 'FAILED', 'CRASHED', 'CANCELLED')
ORDER BY data_manager_log_id
