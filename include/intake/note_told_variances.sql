-- What a file tells, by the lines of the file, of which the first is the header. Writes exported_variance.
INSERT INTO exported_variance (variance_file_id, line_number, inventory_item_detail_id, shipment_receipt_id)
SELECT
    %(variance_file_id)s,
    told.position + 1,
    told.inventory_item_detail_id,
    told.shipment_receipt_id
FROM unnest(%(details)s::bigint[], %(receipts)s::bigint[])
    WITH ORDINALITY AS told (inventory_item_detail_id, shipment_receipt_id, position)
