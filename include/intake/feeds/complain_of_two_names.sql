-- Where a row names its product or facility in two ways, both must not name different ones: a sheet that has slipped.
-- A second name that nobody knows says nothing. Reads staged, good_identification, facility; writes resolved_row.
UPDATE resolved_row
SET complaint = found.complaint
FROM (
    SELECT
        resolved.staged_at,
        CASE
            WHEN place.facility_id <> resolved.facility_id
                THEN format(
                    '%%s %%L and %%s %%L are two facilities (the second is %%s); expected one. Correct the wrong name',
                    %(facility_id_name)s::text, staged.facility_id,
                    %(external_facility_id_name)s::text, staged.external_facility_id, place.facility_id
                )
            ELSE format(
                '%%s %%L and %%s %%L are two products (the second is %%s); expected one. Correct the wrong name',
                %(product_id_name)s::text, staged.product_id, %(id_value_name)s::text, staged.id_value, named.product_id
            )
        END AS complaint
    FROM resolved_row AS resolved
    INNER JOIN staged ON resolved.staged_at = staged.ctid
    LEFT JOIN facility AS place ON staged.external_facility_id = place.external_id
    LEFT JOIN good_identification AS named
        ON
            named.good_identification_type_id = %(default_id_type)s
            AND staged.id_value = named.id_value AND staged.product_id IS NOT NULL
    WHERE
        resolved.usable AND resolved.complaint IS NULL
        AND (place.facility_id <> resolved.facility_id OR named.product_id <> resolved.product_id)
) AS found
WHERE resolved_row.staged_at = found.staged_at
