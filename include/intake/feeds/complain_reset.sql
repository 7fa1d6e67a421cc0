-- A row that says how it resets must say it in a way that is understood. Reads staged; writes resolved_row.
UPDATE resolved_row
SET complaint = CASE
    WHEN as_flag(staged.reset_by_atp) IS NULL AND staged.reset_by_atp IS NOT NULL
        THEN format('resetByAtp %%L; expected true or false', staged.reset_by_atp)
    ELSE format('resetBy %%L; expected ATP or QOH', staged.reset_by)
END
FROM staged
WHERE
    resolved_row.staged_at = staged.ctid
    AND (
        (staged.reset_by_atp IS NOT NULL AND as_flag(staged.reset_by_atp) IS NULL)
        OR (staged.reset_by IS NOT NULL AND upper(trim(staged.reset_by)) NOT IN ('ATP', 'QOH'))
    )
