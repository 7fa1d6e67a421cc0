-- The latest application of a file with the same content, whatever its name and wherever it was dropped.
-- Reads data_manager_log.
SELECT max(data_manager_log_id)
FROM data_manager_log
WHERE file_sha256 = %(file_sha256)s AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS')
