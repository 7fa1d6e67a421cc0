-- Files that are done with and still lie in the processing folder. Reads data_manager_log.
SELECT *
FROM data_manager_log
WHERE
    config_id = %(config_id)s AND property_resource = %(property_resource)s AND NOT filed_away
    AND status_id IN ('FINISHED', 'FINISHED_WITH_ERRORS', 'FAILED', 'CRASHED', 'CANCELLED')
ORDER BY data_manager_log_id
