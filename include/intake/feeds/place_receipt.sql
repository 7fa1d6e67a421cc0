-- A receipt is about the facility that its shipment goes to, and about the product of the item where it names the item
-- alone.
-- Reads shipment, shipment_item; writes staged.
UPDATE staged
SET
    facility_id = placed.facility_id,
    product_id = coalesce(
        staged.product_id, CASE WHEN staged.id_value IS NULL THEN placed.product_id END
    )
FROM (
    SELECT
        line.line_number,
        shipment.destination_facility_id AS facility_id,
        coalesce(item.product_id, named_item.product_id) AS product_id
    FROM staged AS line
    LEFT JOIN shipment AS by_external ON trim(line.external_shipment_id) = by_external.external_id
    INNER JOIN shipment
        ON coalesce(nullif(trim(line.shipment_id), ''), by_external.shipment_id) = shipment.shipment_id
    LEFT JOIN shipment_item AS item
        ON shipment.shipment_id = item.shipment_id AND trim(line.shipment_item_seq_id) = item.shipment_item_seq_id
    LEFT JOIN shipment_item AS named_item
        ON
            shipment.shipment_id = named_item.shipment_id
            AND 'item ' || trim(line.item_external_id) = named_item.item_key
            AND line.shipment_item_seq_id IS NULL
) AS placed
WHERE staged.line_number = placed.line_number
