-- Rows that contradict each other, or what has been received already, are complained of.
-- Reads shipment, shipment_item, shipment_receipt, shipment_type, shipment_status; writes shipment_row.
WITH received AS (
    SELECT
        shipment_id,
        shipment_item_seq_id,
        sum(quantity_accepted + quantity_rejected) AS quantity
    FROM shipment_receipt
    WHERE shipment_id IN (SELECT shipment_row.shipment_id FROM shipment_row)
    GROUP BY shipment_id, shipment_item_seq_id
),

judged AS (
    SELECT
        item.line_number,
        item.quantity,
        item.shipment_type_id,
        item.status_id,
        item.item_external_id,
        item.complaint IS NOT NULL AS is_refused,
        item.product_id,
        item.destination_facility_id,
        sum(item.quantity) OVER same_item AS wanted,
        min(item.product_id) OVER same_item AS first_product_id,
        max(item.product_id) OVER same_item AS last_product_id,
        min(item.destination_facility_id) OVER same_shipment AS first_destination,
        max(item.destination_facility_id) OVER same_shipment AS last_destination,
        CASE WHEN known_item.as_of <= %(as_of)s THEN known_item.quantity END AS known_quantity,
        CASE WHEN known_item.as_of <= %(as_of)s THEN known_item.product_id END AS known_product_id,
        received.quantity AS received,
        CASE WHEN shipment.as_of <= %(as_of)s THEN shipment.destination_facility_id END AS known_destination,
        item.shipment_id IN (SELECT begun.shipment_id FROM received AS begun) AS is_begun
    FROM shipment_row AS item
    LEFT JOIN shipment ON item.shipment_id = shipment.shipment_id
    LEFT JOIN shipment_item AS known_item
        ON item.shipment_id = known_item.shipment_id AND item.item_key = known_item.item_key
    LEFT JOIN received
        ON
            known_item.shipment_id = received.shipment_id
            AND known_item.shipment_item_seq_id = received.shipment_item_seq_id
    WINDOW
        same_shipment AS (PARTITION BY item.shipment_key),
        same_item AS (PARTITION BY item.shipment_key, item.item_key)
),

complained AS (
    SELECT
        judged.line_number,
        CASE
            WHEN judged.shipment_type_id NOT IN (SELECT known.shipment_type_id FROM shipment_type AS known)
                THEN format(
                    'shipment-type %%L: no such type; expected %%s',
                    judged.shipment_type_id,
                    (SELECT string_agg(known.shipment_type_id, ', ' ORDER BY known.shipment_type_id)
                    FROM shipment_type AS known)
                )
            WHEN judged.status_id NOT IN (SELECT known.status_id FROM shipment_status AS known)
                THEN format(
                    'shipment-status %%L: no such status; expected %%s',
                    judged.status_id,
                    (SELECT string_agg(known.status_id, ', ' ORDER BY known.status_id) FROM shipment_status AS known)
                )
            WHEN judged.quantity < 0
                THEN format('quantity %%s is below zero; expected what was shipped', trim_scale(judged.quantity))
            WHEN judged.first_destination <> judged.last_destination
                THEN format(
                    'the rows of this shipment name the destinations %%L and %%L; expected one. Correct them, or send'
                    ' two shipments',
                    judged.first_destination, judged.last_destination
                )
            WHEN judged.is_begun AND judged.destination_facility_id <> judged.known_destination
                THEN format(
                    'destination %%L: the shipment is being received at %%L already; send what goes elsewhere as'
                    ' another shipment',
                    judged.destination_facility_id, judged.known_destination
                )
            WHEN judged.first_product_id <> judged.last_product_id
                THEN format(
                    'item-external-id %%L stands for the products %%L and %%L; expected one',
                    judged.item_external_id, judged.first_product_id, judged.last_product_id
                )
            WHEN judged.received > 0 AND judged.product_id <> judged.known_product_id
                THEN format(
                    'item-external-id %%L: %%s of product %%L have been received of it already, not of %%L; send'
                    ' another product as an item of its own',
                    judged.item_external_id, trim_scale(judged.received), judged.known_product_id, judged.product_id
                )
            WHEN judged.wanted < judged.received AND judged.wanted < judged.known_quantity
                THEN format(
                    'quantity %%s: %%s have been received already; expected no less',
                    trim_scale(judged.wanted), trim_scale(judged.received)
                )
        END AS complaint
    FROM judged
    WHERE NOT judged.is_refused
)

UPDATE shipment_row
SET complaint = complained.complaint
FROM complained
WHERE shipment_row.line_number = complained.line_number AND complained.complaint IS NOT NULL
