-- Finds rows that a later row replaces, and rows about a time of which a newer file has already spoken.
-- Reads product_assoc; writes kit_row.
WITH good AS (
    SELECT
        staged_at,
        product_id,
        product_id_to,
        from_date,
        lead(line_number) OVER (
            PARTITION BY product_id, product_id_to, from_date ORDER BY line_number
        ) AS later_line
    FROM kit_row
    WHERE complaint IS NULL
)

UPDATE kit_row
SET superseded = TRUE, later_line = good.later_line
FROM good
WHERE
    kit_row.staged_at = good.staged_at
    AND (
        good.later_line IS NOT NULL
        OR EXISTS (
            SELECT
            FROM product_assoc AS stored
            WHERE
                stored.product_id = good.product_id AND stored.product_id_to = good.product_id_to
                AND stored.product_assoc_type_id = 'PRODUCT_COMPONENT'
                AND stored.from_date <= good.from_date
                AND (stored.as_of, stored.file_modified_at, stored.file_name)
                > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
        )
    )
