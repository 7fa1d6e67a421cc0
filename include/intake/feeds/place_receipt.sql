-- A receipt is about the facility that its shipment goes to, and about the product that it names in one of several
-- ways or, where it names the item alone, about the product of the item. A view that goes with the table staged.
-- Reads staged, shipment, shipment_item.
CREATE TEMP VIEW named_row AS
SELECT
    line.line_number,
    line.ctid AS staged_at,
    line.malformed,
    shipment.destination_facility_id AS facility_id,
    line.external_facility_id,
    coalesce(
        identified.product_id,
        CASE WHEN identified.id_value IS NULL THEN coalesce(item.product_id, named_item.product_id) END
    ) AS product_id,
    identified.id_type,
    identified.id_value,
    line.quantity
FROM staged AS line
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN line.named_id_value IS NULL AND line.named_id_type IS NULL THEN trim(line.named_product_id)
        END AS product_id,
        CASE
            WHEN line.named_id_value IS NOT NULL OR line.named_product_id IS NOT NULL THEN trim(line.named_id_type)
            ELSE 'SKU'
        END AS id_type,
        trim(coalesce(
            line.named_id_value,
            CASE WHEN line.named_id_type IS NOT NULL THEN line.named_product_id END,
            CASE WHEN line.named_product_id IS NULL THEN line.named_sku END
        )) AS id_value
) AS identified
LEFT JOIN shipment AS by_external ON trim(line.external_shipment_id) = by_external.external_id
LEFT JOIN shipment
    ON coalesce(nullif(trim(line.shipment_id), ''), by_external.shipment_id) = shipment.shipment_id
LEFT JOIN shipment_item AS item
    ON shipment.shipment_id = item.shipment_id AND trim(line.shipment_item_seq_id) = item.shipment_item_seq_id
LEFT JOIN shipment_item AS named_item
    ON
        shipment.shipment_id = named_item.shipment_id
        AND 'item ' || trim(line.item_external_id) = named_item.item_key
        AND line.shipment_item_seq_id IS NULL
