-- What a file tells, by the lines of the file, of which the first is the header.
-- Writes exported_variance, untold_variance.
WITH told AS (
    SELECT
        named.inventory_item_detail_id,
        named.shipment_receipt_id,
        named.position
    FROM unnest(%(details)s::bigint[], %(receipts)s::bigint[])
        WITH ORDINALITY AS named (inventory_item_detail_id, shipment_receipt_id, position)
),

no_longer_untold AS (
    DELETE FROM untold_variance
    USING told
    WHERE untold_variance.inventory_item_detail_id = told.inventory_item_detail_id
)

INSERT INTO exported_variance (variance_file_id, line_number, inventory_item_detail_id, shipment_receipt_id)
SELECT
    %(variance_file_id)s,
    position + 1,
    inventory_item_detail_id,
    shipment_receipt_id
FROM told
