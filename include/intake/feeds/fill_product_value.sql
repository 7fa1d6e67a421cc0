-- Takes each row apart into its values; of several for one product and facility the last counts.
-- Answers how many rows can be used, and how many of them say something. Reads resolved_row, staged; writes
-- product_value.
WITH said AS MATERIALIZED (
    SELECT
        resolved_row.line_number,
        resolved_row.product_id,
        resolved_row.facility_id,
        cell.field,
        cell.value
    FROM resolved_row
    INNER JOIN staged ON resolved_row.staged_at = staged.ctid
    CROSS JOIN LATERAL (
        VALUES
        ('minimum_stock', coalesce(as_quantity(staged.minimum_stock), as_quantity(staged.facility_safety_stock))),
        ('allow_brokering', as_flag(staged.allow_brokering)::integer),
        ('allow_pickup', as_flag(staged.allow_pickup)::integer),
        ('reorder_quantity', as_quantity(staged.reorder_quantity))
    ) AS cell (field, value)
    WHERE resolved_row.usable AND cell.value IS NOT NULL
),

kept AS (
    INSERT INTO product_value (line_number, product_id, facility_id, field, value)
    SELECT DISTINCT ON (product_id, facility_id, field)
        line_number,
        product_id,
        facility_id,
        field,
        value
    FROM said
    ORDER BY product_id ASC, facility_id ASC, field ASC, line_number DESC
)

SELECT
    (SELECT count(*) FROM resolved_row WHERE usable) AS usable_rows,
    (SELECT count(DISTINCT line_number) FROM said) AS speaking_rows
