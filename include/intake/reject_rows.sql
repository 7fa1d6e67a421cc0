-- Says what is wrong with each row that cannot be used, and keeps it with everything that was in it.
-- Reads resolved_row, staged, named_row, facility; writes data_manager_reject and the usability of rows complained of.
WITH refused AS (
    UPDATE resolved_row SET usable = FALSE
    WHERE NOT usable OR complaint IS NOT NULL
    RETURNING *
)

INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    bad.line_number,
    CASE
        WHEN named_row.malformed IS NOT NULL THEN named_row.malformed
        WHEN
            named_row.facility_id IS NULL AND named_row.external_facility_id IS NULL
            AND cardinality(%(facility_types)s::text[]) > 0
            THEN format(
                '%%s is empty; expected the %%s', %(facility_name)s::text,
                CASE WHEN %(is_external)s THEN 'internal id of a NetSuite location' ELSE 'id of a facility' END
            )
        WHEN bad.facility_id IS NULL AND named_row.facility_id IS NOT NULL AND NOT %(facility_id_may_be_external)s
            THEN format(
                '%%s %%L: no such facility; expected one that is set up in Trueup',
                %(facility_id_name)s::text, named_row.facility_id
            )
        WHEN bad.facility_id IS NULL AND cardinality(%(facility_types)s::text[]) > 0
            THEN format(
                '%%s %%L: no facility has this NetSuite location; correct it or set the facility up',
                %(facility_name)s::text, coalesce(named_row.facility_id, named_row.external_facility_id)
            )
        WHEN bad.facility_id IS NOT NULL AND NOT facility.facility_type_id = any(%(facility_types)s)
            THEN format(
                'facility %%L is a %%s; expected a %%s',
                bad.facility_id, lower(replace(facility.facility_type_id, '_', ' ')),
                lower(replace(array_to_string(%(facility_types)s, ' or '), '_', ' '))
            )
        WHEN bad.product_id IS NULL AND named_row.product_id IS NOT NULL
            THEN format(
                '%%s %%L: no such product; correct it or set the product up',
                %(product_id_name)s::text, named_row.product_id
            )
        WHEN bad.product_id IS NULL AND named_row.id_value IS NULL
            THEN format('%%s is empty; expected an identifier of the product', %(id_value_name)s::text)
        WHEN bad.product_id IS NULL
            THEN format(
                '%%s %%L: no product has this %%s; correct it or set the product up',
                %(id_value_name)s::text, named_row.id_value, coalesce(named_row.id_type, %(default_id_type)s)
            )
        WHEN bad.quantity IS NULL AND %(has_quantity)s
            THEN format(
                '%%s %%L is not a number; expected digits such as 12 or 12.5',
                %(quantity_name)s::text, coalesce(named_row.quantity, '')
            )
        ELSE bad.complaint
    END,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM refused AS bad
INNER JOIN staged ON bad.staged_at = staged.ctid
INNER JOIN named_row ON bad.staged_at = named_row.staged_at
LEFT JOIN facility ON bad.facility_id = facility.facility_id
