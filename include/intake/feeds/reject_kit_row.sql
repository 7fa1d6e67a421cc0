-- Keeps each row that cannot be taken, with the reason and everything that was in it.
-- Reads kit_row, staged; writes data_manager_reject.
INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    bad.line_number,
    bad.complaint,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM kit_row AS bad
INNER JOIN staged ON bad.staged_at = staged.ctid
WHERE bad.complaint IS NOT NULL
