-- Of several rows for one product and facility the last one counts. Reads and writes resolved_row.
DELETE FROM resolved_row
USING (
    SELECT
        product_id,
        facility_id,
        max(line_number) AS last_line
    FROM resolved_row
    WHERE usable
    GROUP BY product_id, facility_id
    HAVING count(*) > 1
) AS repeated
WHERE
    resolved_row.usable
    AND resolved_row.product_id = repeated.product_id
    AND resolved_row.facility_id = repeated.facility_id
    AND resolved_row.line_number < repeated.last_line
