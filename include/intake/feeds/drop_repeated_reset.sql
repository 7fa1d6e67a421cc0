-- Of several rows for one product and facility the last one counts. Reads and writes reset_row.
DELETE FROM reset_row
USING (
    SELECT
        product_id,
        facility_id,
        max(line_number) AS last_line
    FROM reset_row
    WHERE usable
    GROUP BY product_id, facility_id
    HAVING count(*) > 1
) AS repeated
WHERE
    reset_row.usable
    AND reset_row.product_id = repeated.product_id
    AND reset_row.facility_id = repeated.facility_id
    AND reset_row.line_number < repeated.last_line
