-- Understands each staged row: which product, which facility, how much. What is wrong with a row that is not usable is
-- for reject_rows to say. A view that goes with the table staged, at the end of the transaction.
-- Reads named_row, facility, good_identification, product.
CREATE TEMP VIEW understood_row AS
WITH
id_type AS (
    SELECT
        written.id_type,
        min(known.good_identification_type_id) AS good_identification_type_id
    FROM (
        SELECT %(default_id_type)s::text AS id_type
        UNION
        SELECT id_type FROM named_row WHERE %(has_id_type)s AND id_type IS NOT NULL
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
        named_row.line_number,
        named_row.staged_at,
        named_row.malformed,
        coalesce(by_id.product_id, named.product_id) AS product_id,
        coalesce(by_code.facility_id, by_external.facility_id) AS facility_id,
        coalesce(by_code.facility_type_id, by_external.facility_type_id) AS facility_type_id,
        as_quantity(named_row.quantity) AS quantity
    FROM named_row
    LEFT JOIN facility AS by_code ON named_row.facility_id = by_code.facility_id
    LEFT JOIN facility AS by_external
        ON
            by_external.external_id = CASE
                WHEN named_row.facility_id IS NULL THEN named_row.external_facility_id
                WHEN %(facility_id_may_be_external)s THEN named_row.facility_id
            END
    LEFT JOIN product AS by_id ON named_row.product_id = by_id.product_id
    LEFT JOIN named
        ON
            named_row.id_value = named.id_value
            AND (NOT %(has_id_type)s OR coalesce(named_row.id_type, %(default_id_type)s) = named.id_type)
            AND named_row.product_id IS NULL
)

SELECT
    line_number,
    staged_at,
    product_id,
    facility_id,
    quantity,
    product_id IS NOT NULL
    AND (facility_type_id = any(%(facility_types)s::text[]) OR cardinality(%(facility_types)s::text[]) = 0)
    AND (facility_id IS NOT NULL OR cardinality(%(facility_types)s::text[]) = 0)
    AND (quantity IS NOT NULL OR NOT %(has_quantity)s)
    AND malformed IS NULL AS usable
FROM understood
