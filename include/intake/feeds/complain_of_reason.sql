-- A reason must be one that is known. Reads staged, variance_reason; writes resolved_row.
UPDATE resolved_row
SET complaint = format(
    'varianceReasonId %%L: no such reason; correct it or add it to variance_reason', staged.variance_reason_id
)
FROM staged
WHERE
    resolved_row.staged_at = staged.ctid
    AND staged.variance_reason_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM variance_reason
        WHERE variance_reason.variance_reason_id = upper(trim(staged.variance_reason_id))
    )
