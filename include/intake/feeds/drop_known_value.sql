-- Values that are known already need not be written; where there is no row yet, one is made whatever it says, so that
-- the rules do not name it again. Answers how many rows counted, and how many of them change something.
-- Reads product_facility; writes product_value.
WITH known AS (
    DELETE FROM product_value
    USING product_facility
    WHERE
        product_value.product_id = product_facility.product_id
        AND product_value.facility_id = product_facility.facility_id
        AND product_value.value = CASE product_value.field
            WHEN 'minimum_stock' THEN product_facility.minimum_stock
            WHEN 'allow_brokering' THEN product_facility.allow_brokering::integer
            WHEN 'allow_pickup' THEN product_facility.allow_pickup::integer
            WHEN 'reorder_quantity' THEN product_facility.reorder_quantity
        END
    RETURNING product_value.line_number, product_value.field
)

-- What product_value holds is seen here as it was before.
SELECT
    count(DISTINCT product_value.line_number) AS counting_rows,
    count(DISTINCT product_value.line_number) FILTER (WHERE known.line_number IS NULL) AS changing_rows
FROM product_value
LEFT JOIN known ON product_value.line_number = known.line_number AND product_value.field = known.field
