-- Of a file that comes again, only the lines are left that were refused and not tried again since.
-- Reads data_manager_reject; writes staged.
DELETE FROM staged
WHERE NOT EXISTS (
    SELECT
    FROM data_manager_reject AS reject
    WHERE
        reject.data_manager_log_id = %(earlier_log_id)s
        AND reject.line_number = staged.line_number
        AND reject.retried_in_log_id IS NULL
)
