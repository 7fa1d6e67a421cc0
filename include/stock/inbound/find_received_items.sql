-- Which shipment and item each received line is about; a line that is about none, or about one that cannot be received,
-- is complained of. A line that names a product alone is shared out among its items when it is received.
-- Reads shipment, shipment_type, shipment_item, scheduled_restock; writes received_item.
WITH found AS (
    SELECT
        line.line_number,
        line.shipment_item_seq_id,
        line.item_external_id,
        line.product_id,
        shipment.shipment_id,
        shipment.status_id,
        shipment.shipment_type_id,
        kind.is_incoming,
        restock.restock_name,
        coalesce(item.shipment_item_seq_id, named_item.shipment_item_seq_id) AS found_seq_id,
        coalesce(item.product_id, named_item.product_id) AS found_product_id,
        CASE
            WHEN line.external_id IS NULL THEN format('shipment-id %%L', line.shipment_id)
            ELSE format('external-shipment-id %%L', line.external_id)
        END AS name
    FROM received_item AS line
    LEFT JOIN shipment AS by_external ON line.external_id = by_external.external_id
    LEFT JOIN shipment
        ON
            coalesce(line.shipment_id, by_external.shipment_id) = shipment.shipment_id
            AND (line.external_id IS NULL OR line.external_id = shipment.external_id)
    LEFT JOIN shipment_type AS kind ON shipment.shipment_type_id = kind.shipment_type_id
    LEFT JOIN scheduled_restock AS restock ON shipment.shipment_id = restock.shipment_id
    LEFT JOIN shipment_item AS item
        ON shipment.shipment_id = item.shipment_id AND line.shipment_item_seq_id = item.shipment_item_seq_id
    LEFT JOIN shipment_item AS named_item
        ON
            shipment.shipment_id = named_item.shipment_id
            AND 'item ' || line.item_external_id = named_item.item_key
            AND line.shipment_item_seq_id IS NULL
)

UPDATE received_item
SET
    found_shipment_id = found.shipment_id,
    found_seq_id = found.found_seq_id,
    complaint = coalesce(received_item.complaint, CASE
        WHEN received_item.shipment_id IS NULL AND received_item.external_id IS NULL
            THEN 'external-shipment-id and shipment-id are empty; expected one of them'
        WHEN found.shipment_id IS NULL
            THEN format(
                '%%s: no such shipment; correct it, or import the shipment first, then this row again', found.name
            )
        WHEN found.restock_name IS NOT NULL AND NOT %(of_restock)s
            THEN format(
                '%%s is the restock %%L, which is received by itself; reschedule it to receive it now', found.name,
                found.restock_name
            )
        WHEN NOT found.is_incoming
            THEN format('%%s is an %%s, which leaves; expected one that comes in', found.name, found.shipment_type_id)
        WHEN found.status_id = 'SHIPMENT_CANCELLED'
            THEN format(
                '%%s is cancelled; if it has come all the same, import it again with another shipment-status, then this'
                ' row again',
                found.name
            )
        WHEN
            found.found_seq_id IS NULL
            AND (found.shipment_item_seq_id IS NOT NULL OR found.item_external_id IS NOT NULL)
            THEN format(
                '%%s has no item %%L; correct it, or import the shipment again with the item, then this row again',
                found.name, coalesce(found.shipment_item_seq_id, found.item_external_id)
            )
        WHEN found.product_id <> found.found_product_id
            THEN format(
                'item %%L of %%s is product %%L, not %%L; correct one of the two',
                coalesce(found.item_external_id, found.shipment_item_seq_id), found.name, found.found_product_id,
                found.product_id
            )
        WHEN
            found.found_seq_id IS NULL AND found.product_id IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM shipment_item AS item
                WHERE item.shipment_id = found.shipment_id AND item.product_id = found.product_id
            )
            THEN format(
                '%%s has no item of product %%L; correct it, or import the shipment again with the item, then this row'
                ' again',
                found.name, found.product_id
            )
    END)
FROM found
WHERE received_item.line_number = found.line_number
