-- Understands each staged row: which product, which facility, how much, or why not.
-- Reads staging_reset, facility, good_identification, product; writes reset_row.
INSERT INTO reset_row (line_number, product_id, facility_id, quantity, by_atp, reason)
WITH
id_type AS (
    SELECT DISTINCT
        written.id_type,
        known.good_identification_type_id
    FROM (
        SELECT DISTINCT coalesce(id_type, %(default_id_type)s) AS id_type FROM staging_reset
    ) AS written
    LEFT JOIN (SELECT DISTINCT good_identification_type_id FROM good_identification) AS known
        ON
            regexp_replace(lower(known.good_identification_type_id), '[^a-z0-9]', '', 'g')
            = regexp_replace(lower(written.id_type), '[^a-z0-9]', '', 'g')
),

understood AS (
    SELECT
        staged.*,
        id_type.good_identification_type_id,
        coalesce(by_id.product_id, identified.product_id) AS found_product_id,
        coalesce(by_code.facility_id, by_external.facility_id) AS found_facility_id,
        coalesce(by_code.facility_type_id, by_external.facility_type_id) AS facility_type_id,
        CASE
            WHEN staged.available_qty <> '' AND length(staged.available_qty) <= 12
                AND translate(staged.available_qty, '0123456789', '') = '' THEN staged.available_qty::numeric
            WHEN staged.available_qty ~ '^\s*[+-]?\d{1,12}(\.\d{1,6})?\s*$' THEN staged.available_qty::numeric
        END AS quantity
    FROM staging_reset AS staged
    LEFT JOIN facility AS by_code ON staged.facility_id = by_code.facility_id
    LEFT JOIN facility AS by_external
        ON staged.external_facility_id = by_external.external_id AND staged.facility_id IS NULL
    LEFT JOIN product AS by_id ON staged.product_id = by_id.product_id
    LEFT JOIN id_type ON coalesce(staged.id_type, %(default_id_type)s) = id_type.id_type
    LEFT JOIN good_identification AS identified
        ON
            id_type.good_identification_type_id = identified.good_identification_type_id
            AND staged.id_value = identified.id_value AND staged.product_id IS NULL
)

SELECT
    line_number,
    found_product_id,
    found_facility_id,
    quantity,
    coalesce(lower(reset_by_atp) IN ('true', 'y'), TRUE) AS by_atp,
    CASE
        WHEN malformed IS NOT NULL THEN malformed
        WHEN facility_id IS NULL AND external_facility_id IS NULL
            THEN 'externalFacilityId is empty; expected the internal id of a NetSuite location'
        WHEN found_facility_id IS NULL AND facility_id IS NOT NULL
            THEN format('facilityId %%L: no such facility; expected one that is set up in Trueup', facility_id)
        WHEN found_facility_id IS NULL
            THEN format(
                'externalFacilityId %%L: no facility has this NetSuite location; correct it or set the facility up',
                external_facility_id
            )
        WHEN facility_type_id IN ('VIRTUAL_FACILITY', 'CONFIGURATION')
            THEN format('facility %%L is a %%s and holds no stock; expected a store or a warehouse',
                found_facility_id, lower(replace(facility_type_id, '_', ' ')))
        WHEN product_id IS NOT NULL AND found_product_id IS NULL
            THEN format('productId %%L: no such product', product_id)
        WHEN product_id IS NULL AND id_value IS NULL
            THEN 'idValue is empty; expected an identifier of the product'
        WHEN product_id IS NULL AND good_identification_type_id IS NULL
            THEN format('idType %%L: no product has an identifier of this type', coalesce(id_type, %(default_id_type)s))
        WHEN found_product_id IS NULL
            THEN format('idValue %%L: no product has this %%s; correct it or set the product up',
                id_value, good_identification_type_id)
        WHEN quantity IS NULL
            THEN format('availableQty %%L is not a number; expected digits such as 12 or 12.5',
                coalesce(available_qty, ''))
        WHEN reset_by_atp IS NOT NULL AND lower(reset_by_atp) NOT IN ('true', 'false', 'y', 'n')
            THEN format('resetByAtp %%L; expected true or false', reset_by_atp)
    END AS reason
FROM understood
