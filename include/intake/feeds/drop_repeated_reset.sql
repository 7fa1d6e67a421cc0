-- Of several rows for one product and facility the last one counts. Reads understood_row; writes staged.
DELETE FROM staged
USING (
    SELECT
        staged_at,
        line_number < max(line_number) OVER (PARTITION BY product_id, facility_id) AS is_repeated
    FROM understood_row
    WHERE usable
) AS understood
WHERE staged.ctid = understood.staged_at AND understood.is_repeated
