-- The items as the file has them, except those of which a newer file has spoken. What it does not name stays.
-- Reads wanted_item; writes shipment_item, shipment_row.
WITH saved AS (
    INSERT INTO shipment_item AS known (
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
    WHERE NOT is_superseded
    ON CONFLICT (shipment_id, shipment_item_seq_id) DO UPDATE SET
        product_id = excluded.product_id,
        quantity = excluded.quantity,
        order_id = coalesce(excluded.order_id, known.order_id),
        serial_numbers = CASE
            WHEN excluded.serial_numbers = '{}' THEN known.serial_numbers
            ELSE excluded.serial_numbers
        END,
        as_of = excluded.as_of
)

UPDATE shipment_row
SET
    is_changed = wanted_item.is_changed,
    is_superseded = wanted_item.is_superseded
FROM wanted_item
WHERE shipment_row.shipment_id = wanted_item.shipment_id AND shipment_row.item_key = wanted_item.item_key
