-- An item's rows are added up: where one of them cannot be taken, the others wait for it.
-- Reads and writes shipment_row.
UPDATE shipment_row
SET complaint = format(
    'line %%s, about the same item, was refused, and an item''s rows are added up; correct that one and send both',
    bad.line_number
)
FROM (
    SELECT
        shipment_key,
        item_key,
        min(line_number) AS line_number
    FROM shipment_row
    WHERE complaint IS NOT NULL OR NOT is_usable
    GROUP BY shipment_key, item_key
) AS bad
WHERE
    shipment_row.shipment_key = bad.shipment_key AND shipment_row.item_key = bad.item_key
    AND shipment_row.is_usable AND shipment_row.complaint IS NULL
