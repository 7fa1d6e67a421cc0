-- Kits of which units were accepted in this transaction, which are no stock: what a kit promises is computed from its
-- components. Reads received_item, shipment_receipt, product.
SELECT
    receipt.product_id,
    trim_scale(sum(receipt.quantity_accepted))::text AS units
FROM shipment_receipt AS receipt
INNER JOIN product ON receipt.product_id = product.product_id AND product.is_kit
WHERE
    receipt.shipment_id IN (SELECT received_item.found_shipment_id FROM received_item)
    AND receipt.recorded_at = now()
    AND receipt.quantity_accepted > 0
GROUP BY receipt.product_id
ORDER BY receipt.product_id
