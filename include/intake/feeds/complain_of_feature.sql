-- A feature is named with its type. Reads staged; writes resolved_row.
UPDATE resolved_row
SET complaint = format(
    '%%s %%L: %%L is no feature; expected a type and what it is, such as COLOR/Blue, several with | between them',
    %(features_name)s::text, staged.features, wrong.feature
)
FROM staged
CROSS JOIN LATERAL (
    SELECT min(trim(written.feature)) AS feature
    FROM string_to_table(staged.features, '|') AS written (feature)
    WHERE trim(written.feature) <> '' AND trim(written.feature) !~ '^[^/]*[^/ ] */ *[^ ]'
) AS wrong
WHERE resolved_row.staged_at = staged.ctid AND wrong.feature IS NOT NULL
