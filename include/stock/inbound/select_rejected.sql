-- What was rejected on arrival of some products, newest first. Reads shipment_receipt by its index of rejected units,
-- shipment, exported_variance, variance_file.
SELECT
    receipt.product_id,
    receipt.facility_id,
    receipt.shipment_id,
    shipment.external_id,
    receipt.quantity_rejected AS quantity,
    receipt.rejection_reason,
    receipt.received_at,
    file.remote_file_path AS told_in
FROM shipment_receipt AS receipt
INNER JOIN shipment ON receipt.shipment_id = shipment.shipment_id
LEFT JOIN exported_variance AS told ON receipt.shipment_receipt_id = told.shipment_receipt_id
LEFT JOIN variance_file AS file ON told.variance_file_id = file.variance_file_id
WHERE
    receipt.quantity_rejected > 0
    AND receipt.product_id = any(%(product_ids)s::text[])
    AND receipt.facility_id = any(%(facility_ids)s::text[])
ORDER BY receipt.received_at DESC, receipt.shipment_receipt_id DESC
LIMIT %(most)s
