-- Files whose move is not known to have happened. Reads data_manager_log.
SELECT *
FROM data_manager_log
WHERE config_id = %(config_id)s AND property_resource = %(property_resource)s AND status_id = 'CLAIMED'
ORDER BY data_manager_log_id
