-- The items that are new, and those that are known as the file has them, except where a newer file has spoken. What it
-- does not name stays. The caller holds the lock on shipments: nobody else adds items.
-- Reads wanted_item; writes shipment_item.
WITH replaced AS (
    UPDATE shipment_item AS known
    SET
        product_id = wanted_item.product_id,
        quantity = wanted_item.quantity,
        order_id = coalesce(wanted_item.order_id, known.order_id),
        serial_numbers = CASE
            WHEN wanted_item.serial_numbers = '{}' THEN known.serial_numbers
            ELSE wanted_item.serial_numbers
        END,
        as_of = %(as_of)s
    FROM wanted_item
    WHERE
        known.shipment_id = wanted_item.shipment_id
        AND known.shipment_item_seq_id = wanted_item.shipment_item_seq_id
        AND wanted_item.is_known AND NOT wanted_item.is_superseded
)

INSERT INTO shipment_item (
    shipment_id, shipment_item_seq_id, product_id, quantity, item_external_id, order_id, serial_numbers, as_of
)
SELECT
    shipment_id,
    shipment_item_seq_id,
    product_id,
    quantity,
    item_external_id,
    order_id,
    serial_numbers,
    %(as_of)s
FROM wanted_item
WHERE NOT is_known
