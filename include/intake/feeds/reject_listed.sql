-- Keeps the rows of the given numbers, each with its reason. Reads staged; writes data_manager_reject.
INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    staged.line_number,
    listed.reason,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM unnest(%(line_numbers)s::bigint[], %(reasons)s::text[]) AS listed (line_number, reason)
INNER JOIN staged ON listed.line_number = staged.line_number
