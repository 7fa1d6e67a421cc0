-- Keeps the refused rows with their reason and everything that was in them.
-- Reads staging_reset, reset_row; writes data_manager_reject.
INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    rejected.line_number,
    rejected.reason,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM reset_row AS rejected
INNER JOIN staging_reset AS staged ON rejected.line_number = staged.line_number
WHERE rejected.reason IS NOT NULL
