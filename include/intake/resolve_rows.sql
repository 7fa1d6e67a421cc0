-- Keeps what each staged row means. Reads understood_row; writes resolved_row.
INSERT INTO resolved_row (line_number, staged_at, product_id, facility_id, quantity, usable)
SELECT
    line_number,
    staged_at,
    product_id,
    facility_id,
    quantity,
    usable
FROM understood_row
