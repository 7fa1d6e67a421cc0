-- One file's log. Reads data_manager_log.
SELECT *
FROM data_manager_log
WHERE data_manager_log_id = %(data_manager_log_id)s
