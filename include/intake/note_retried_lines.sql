-- The refused lines of the earlier file have been tried again in this one. Reads staged; writes data_manager_reject.
UPDATE data_manager_reject AS reject
SET retried_in_log_id = %(data_manager_log_id)s
FROM staged
WHERE
    reject.data_manager_log_id = %(earlier_log_id)s
    AND reject.line_number = staged.line_number
    AND reject.retried_in_log_id IS NULL
