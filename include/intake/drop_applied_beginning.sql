-- Of a file whose beginning came before, the lines of that beginning are left out that were not refused then, or have
-- been tried again since. Reads data_manager_reject; writes staged.
DELETE FROM staged
WHERE
    staged.line_number <= %(lines)s
    AND NOT EXISTS (
        SELECT
        FROM data_manager_reject AS reject
        WHERE
            reject.data_manager_log_id = %(earlier_log_id)s
            AND reject.line_number = staged.line_number
            AND reject.retried_in_log_id IS NULL
    )
