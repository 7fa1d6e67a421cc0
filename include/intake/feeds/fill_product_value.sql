-- Takes each row apart into its values.
-- Answers how many rows can be used, how many of them say something, and how many products and facilities those are,
-- told apart by hash. Reads resolved_row, staged; writes product_value.
WITH said AS MATERIALIZED (
    SELECT
        resolved_row.line_number,
        resolved_row.product_id,
        resolved_row.facility_id,
        coalesce(as_quantity(staged.minimum_stock), as_quantity(staged.facility_safety_stock)) AS minimum_stock,
        as_flag(staged.allow_brokering)::integer AS allow_brokering,
        as_flag(staged.allow_pickup)::integer AS allow_pickup,
        as_quantity(staged.reorder_quantity) AS reorder_quantity
    FROM resolved_row
    INNER JOIN staged ON resolved_row.staged_at = staged.ctid
    WHERE resolved_row.usable
),

kept AS (
    INSERT INTO product_value (line_number, product_id, facility_id, field, value)
    SELECT
        said.line_number,
        said.product_id,
        said.facility_id,
        cell.field,
        cell.value
    FROM said
    CROSS JOIN LATERAL (
        VALUES
        ('minimum_stock', said.minimum_stock),
        ('allow_brokering', said.allow_brokering),
        ('allow_pickup', said.allow_pickup),
        ('reorder_quantity', said.reorder_quantity)
    ) AS cell (field, value)
    WHERE cell.value IS NOT NULL
)

SELECT
    coalesce(sum(each.usable_rows), 0) AS usable_rows,
    coalesce(sum(each.speaking_rows), 0) AS speaking_rows,
    count(*) FILTER (WHERE each.speaking_rows > 0) AS products_and_facilities
FROM (
    SELECT
        count(*) AS usable_rows,
        count(coalesce(minimum_stock, allow_brokering, allow_pickup, reorder_quantity)) AS speaking_rows
    FROM said
    GROUP BY hashtextextended(product_id, hashtextextended(facility_id, 0))
) AS each
