-- Rows of a reject file that have been tried again already, in it or in the file that they come from.
-- Reads data_manager_reject, data_manager_log; writes staged.
DELETE FROM staged
USING data_manager_reject AS reject
INNER JOIN data_manager_log AS log ON reject.data_manager_log_id = log.data_manager_log_id
WHERE
    log.data_manager_log_id = %(earlier_log_id)s AND log.config_id = %(config_id)s
    AND reject.line_number = as_quantity(staged.line)
    AND reject.retried_in_log_id IS NOT NULL
