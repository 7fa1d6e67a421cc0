-- Understands each staged row: which product, which facility, how much. What is wrong with a row that is not usable is
-- for reject_reset to say.
-- Reads staging_reset, facility, good_identification, product; writes reset_row.
INSERT INTO reset_row (line_number, staged_at, product_id, facility_id, quantity, by_atp, usable)
WITH
id_type AS (
    SELECT
        written.id_type,
        min(known.good_identification_type_id) AS good_identification_type_id
    FROM (
        SELECT %(default_id_type)s::text AS id_type
        UNION
        SELECT id_type FROM staging_reset WHERE %(has_id_type)s AND id_type IS NOT NULL
    ) AS written
    INNER JOIN (SELECT DISTINCT good_identification_type_id FROM good_identification) AS known
        ON
            regexp_replace(lower(known.good_identification_type_id), '[^a-z0-9]', '', 'g')
            = regexp_replace(lower(written.id_type), '[^a-z0-9]', '', 'g')
    GROUP BY written.id_type
),

named AS (
    SELECT
        identified.id_value,
        id_type.id_type,
        identified.product_id
    FROM good_identification AS identified
    INNER JOIN id_type ON identified.good_identification_type_id = id_type.good_identification_type_id
),

understood AS (
    SELECT
        staged.line_number,
        staged.ctid AS staged_at,
        staged.malformed,
        coalesce(by_id.product_id, named.product_id) AS product_id,
        coalesce(by_code.facility_id, by_external.facility_id) AS facility_id,
        coalesce(by_code.facility_type_id, by_external.facility_type_id) AS facility_type_id,
        CASE WHEN staged.reset_by_atp IS NULL THEN 'true' ELSE lower(staged.reset_by_atp) END AS by_atp,
        CASE
            WHEN staged.available_qty <> '' AND octet_length(staged.available_qty) <= 12
                AND translate(staged.available_qty, '0123456789', '') = '' THEN staged.available_qty::numeric
            WHEN staged.available_qty ~ '^ *[+-]?[0-9]{1,12}(\.[0-9]{1,6})? *$' THEN staged.available_qty::numeric
        END AS quantity
    FROM staging_reset AS staged
    LEFT JOIN facility AS by_code ON staged.facility_id = by_code.facility_id
    LEFT JOIN facility AS by_external
        ON staged.external_facility_id = by_external.external_id AND staged.facility_id IS NULL
    LEFT JOIN product AS by_id ON staged.product_id = by_id.product_id
    LEFT JOIN named
        ON
            staged.id_value = named.id_value
            AND (NOT %(has_id_type)s OR coalesce(staged.id_type, %(default_id_type)s) = named.id_type)
            AND staged.product_id IS NULL
)

SELECT
    line_number,
    staged_at,
    product_id,
    facility_id,
    quantity,
    by_atp IN ('true', 'y'),
    product_id IS NOT NULL
    AND facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
    AND facility_id IS NOT NULL
    AND quantity IS NOT NULL
    AND by_atp IN ('true', 'y', 'false', 'n')
    AND malformed IS NULL
FROM understood
