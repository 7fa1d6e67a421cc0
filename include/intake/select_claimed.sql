-- Files whose move is not known to have happened. Reads data_manager_log.
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
WHERE config_id = %(config_id)s AND status_id = 'CLAIMED'
ORDER BY data_manager_log_id
