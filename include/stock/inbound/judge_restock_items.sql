-- A product's rows in one restock are added up: where one of them cannot be taken, the others wait for it.
-- Reads and writes restock_row.
UPDATE restock_row
SET complaint = format(
    'line %%s, about the same product, was refused, and a product''s rows are added up; correct that one and send both',
    bad.line_number
)
FROM (
    SELECT
        requested_name,
        facility_id,
        shop_id,
        requested_at,
        product_id,
        min(line_number) AS line_number
    FROM restock_row
    WHERE complaint IS NOT NULL OR NOT is_usable
    GROUP BY requested_name, facility_id, shop_id, requested_at, product_id
) AS bad
WHERE
    restock_row.requested_name = bad.requested_name
    AND restock_row.facility_id = bad.facility_id
    AND restock_row.shop_id = bad.shop_id
    AND restock_row.requested_at = bad.requested_at
    AND restock_row.product_id = bad.product_id
    AND restock_row.is_usable AND restock_row.complaint IS NULL
