-- Keeps each row that a feed has a complaint of, with everything that was in it, and forgets what was understood of it.
-- Reads staged; writes resolved_row, data_manager_reject.
WITH refused AS (
    DELETE FROM resolved_row
    USING staged
    WHERE
        resolved_row.staged_at = staged.ctid
        AND resolved_row.complaint IS NOT NULL AND staged.malformed IS NULL
    RETURNING resolved_row.line_number, resolved_row.complaint, resolved_row.staged_at
)

INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    refused.line_number,
    refused.complaint,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM refused
INNER JOIN staged ON refused.staged_at = staged.ctid
