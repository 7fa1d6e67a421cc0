-- Says what is wrong with each row that is not usable, and keeps it with everything that was in it.
-- Reads reset_row, staging_reset, facility, good_identification; writes data_manager_reject.
INSERT INTO data_manager_reject (data_manager_log_id, line_number, reason, staged_row)
SELECT
    %(data_manager_log_id)s,
    bad.line_number,
    CASE
        WHEN staged.malformed IS NOT NULL THEN staged.malformed
        WHEN staged.facility_id IS NULL AND staged.external_facility_id IS NULL
            THEN 'externalFacilityId is empty; expected the internal id of a NetSuite location'
        WHEN bad.facility_id IS NULL AND staged.facility_id IS NOT NULL
            THEN format('facilityId %%L: no such facility; expected one that is set up in Trueup', staged.facility_id)
        WHEN bad.facility_id IS NULL
            THEN format(
                'externalFacilityId %%L: no facility has this NetSuite location; correct it or set the facility up',
                staged.external_facility_id
            )
        WHEN facility.facility_type_id NOT IN ('WAREHOUSE', 'RETAIL_STORE')
            THEN format(
                'facility %%L is a %%s and holds no stock; expected a store or a warehouse',
                bad.facility_id, lower(replace(facility.facility_type_id, '_', ' '))
            )
        WHEN bad.product_id IS NULL AND staged.product_id IS NOT NULL
            THEN format('productId %%L: no such product', staged.product_id)
        WHEN bad.product_id IS NULL AND staged.id_value IS NULL
            THEN 'idValue is empty; expected an identifier of the product'
        WHEN bad.product_id IS NULL
            THEN format(
                'idValue %%L: no product has this %%s; correct it or set the product up',
                staged.id_value, coalesce(staged.id_type, %(default_id_type)s)
            )
        WHEN bad.quantity IS NULL
            THEN format(
                'availableQty %%L is not a number; expected digits such as 12 or 12.5',
                coalesce(staged.available_qty, '')
            )
        ELSE format('resetByAtp %%L; expected true or false', staged.reset_by_atp)
    END,
    jsonb_strip_nulls(to_jsonb(staged) - 'line_number')
FROM reset_row AS bad
INNER JOIN staging_reset AS staged ON bad.staged_at = staged.ctid
LEFT JOIN facility ON bad.facility_id = facility.facility_id
WHERE NOT bad.usable
