-- The rejects that this file brings again have been tried again in it.
-- Reads staged, data_manager_log; writes data_manager_reject.
UPDATE data_manager_reject AS reject
SET retried_in_log_id = %(data_manager_log_id)s
FROM staged, data_manager_log AS log
WHERE
    reject.data_manager_log_id = %(earlier_log_id)s
    AND log.data_manager_log_id = reject.data_manager_log_id AND log.config_id = %(config_id)s
    AND reject.line_number = as_quantity(staged.line)
    AND reject.retried_in_log_id IS NULL
