-- Kits within kits, from now on: what stands, less what the file ends, with line 0; what the file adds, with its line.
-- Nothing if the file adds none. Reads product_assoc, kit_row.
WITH
spoken AS (
    SELECT
        kit_row.*,
        kit_row.thru_date > now() AND NOT EXISTS (
            SELECT
            FROM product_assoc AS stored
            WHERE
                stored.product_id = kit_row.product_id AND stored.product_id_to = kit_row.product_id_to
                AND stored.product_assoc_type_id = 'PRODUCT_COMPONENT'
                AND stored.from_date <= greatest(kit_row.from_date, now())
                AND stored.thru_date >= kit_row.thru_date
        ) AS is_addition
    FROM kit_row
    WHERE kit_row.complaint IS NULL AND NOT kit_row.superseded
),

stored_still AS (
    SELECT
        stored.product_id,
        stored.product_id_to,
        stored.from_date,
        least(stored.thru_date, coalesce(min(newer.from_date), 'infinity')) AS thru_date
    FROM product_assoc AS stored
    LEFT JOIN spoken AS newer
        ON
            NOT newer.is_addition
            AND stored.product_id = newer.product_id AND stored.product_id_to = newer.product_id_to
            AND (stored.as_of, stored.file_modified_at, stored.file_name)
            <= (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
    WHERE stored.product_assoc_type_id = 'PRODUCT_COMPONENT' AND stored.thru_date > now()
    GROUP BY stored.product_id, stored.product_id_to, stored.product_assoc_type_id, stored.from_date
),

edge AS (
    SELECT
        product_id,
        product_id_to,
        greatest(from_date, now()) AS from_date,
        thru_date,
        0 AS line_number
    FROM stored_still
    WHERE thru_date > greatest(from_date, now())
    UNION ALL
    SELECT
        product_id,
        product_id_to,
        greatest(from_date, now()),
        thru_date,
        CASE WHEN is_addition THEN line_number ELSE 0 END
    FROM spoken
    WHERE thru_date > now()
)

SELECT
    product_id,
    product_id_to,
    extract(EPOCH FROM from_date)::float8,
    extract(EPOCH FROM thru_date)::float8,
    line_number
FROM edge
WHERE
    product_id IN (SELECT above.product_id_to FROM edge AS above)
    AND product_id_to IN (SELECT below.product_id FROM edge AS below)
    AND EXISTS (SELECT FROM edge AS added WHERE added.line_number > 0)
ORDER BY line_number, product_id, product_id_to, from_date
