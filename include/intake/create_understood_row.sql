-- Understands each staged row: which product, which facility, how much. What is wrong with a row that is not usable is
-- for reject_rows to say. A view that goes with the table staged, at the end of the transaction.
-- Reads staged, facility, good_identification, product.
CREATE TEMP VIEW understood_row AS
WITH
id_type AS (
    SELECT
        written.id_type,
        min(known.good_identification_type_id) AS good_identification_type_id
    FROM (
        SELECT %(default_id_type)s::text AS id_type
        UNION
        SELECT id_type FROM staged WHERE %(has_id_type)s AND id_type IS NOT NULL
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
        as_quantity(staged.quantity) AS quantity
    FROM staged
    LEFT JOIN facility AS by_code ON staged.facility_id = by_code.facility_id
    LEFT JOIN facility AS by_external
        ON
            by_external.external_id = CASE
                WHEN staged.facility_id IS NULL THEN staged.external_facility_id
                WHEN %(facility_id_may_be_external)s THEN staged.facility_id
            END
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
    product_id IS NOT NULL
    AND facility_type_id = any(%(facility_types)s::text[])
    AND facility_id IS NOT NULL
    AND (quantity IS NOT NULL OR NOT %(has_quantity)s)
    AND malformed IS NULL AS usable
FROM understood
