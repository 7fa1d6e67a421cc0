-- Rows that a later row of the same file contradicts. Reads kit_row.
SELECT
    earlier.product_id,
    earlier.product_id_to,
    earlier.line_number,
    later.line_number
FROM kit_row AS earlier
INNER JOIN kit_row AS later ON earlier.later_line = later.line_number
WHERE (earlier.quantity, earlier.thru_date) <> (later.quantity, later.thru_date)
ORDER BY earlier.line_number
