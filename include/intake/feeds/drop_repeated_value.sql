-- Of several values for one product and facility the last counts. Reads and writes product_value.
DELETE FROM product_value
USING (
    SELECT
        product_id,
        facility_id,
        field,
        max(line_number) AS line_number
    FROM product_value
    GROUP BY product_id, facility_id, field
    HAVING count(*) > 1
) AS last
WHERE
    product_value.product_id = last.product_id
    AND product_value.facility_id = last.facility_id
    AND product_value.field = last.field
    AND product_value.line_number < last.line_number
