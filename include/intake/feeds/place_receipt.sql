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
        item.product_id
    FROM staged AS line
    LEFT JOIN shipment AS by_external ON trim(line.external_shipment_id) = by_external.external_id
    INNER JOIN shipment
        ON coalesce(nullif(trim(line.shipment_id), ''), by_external.shipment_id) = shipment.shipment_id
    LEFT JOIN shipment_item AS item
        ON
            shipment.shipment_id = item.shipment_id
            AND (
                trim(line.shipment_item_seq_id) = item.shipment_item_seq_id
                OR (line.shipment_item_seq_id IS NULL AND trim(line.item_external_id) = item.item_external_id)
            )
) AS placed
WHERE staged.line_number = placed.line_number
