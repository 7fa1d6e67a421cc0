-- The floor of inbound shipments: the one statement that joins the file and writes shipments and their items.
-- No checks, no rejects, no earlier shipments, no log.
WITH item AS (
    SELECT
        raw.external_shipment_id,
        raw.item_external_id,
        raw.shipment_type,
        raw.tracking_number,
        raw.shipment_attribute,
        raw.quantity::numeric AS quantity,
        identified.product_id,
        destination.facility_id AS destination_facility_id,
        origin.facility_id AS origin_facility_id
    FROM raw
    INNER JOIN good_identification AS identified
        ON
            identified.good_identification_type_id = 'SKU'
            AND raw.product_sku = identified.id_value
    INNER JOIN facility AS destination ON raw.destination_facility_id = destination.external_id
    INNER JOIN facility AS origin ON raw.origin_facility_id = origin.external_id
),

created AS (
    INSERT INTO shipment (
        shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, destination_facility_id,
        tracking_numbers, attributes, as_of
    )
    SELECT
        'TS' || external_shipment_id,
        external_shipment_id,
        max(shipment_type),
        'PURCH_SHIP_SHIPPED',
        max(origin_facility_id),
        max(destination_facility_id),
        ARRAY[max(tracking_number)],
        jsonb_build_object(
            split_part(max(shipment_attribute), ':', 1), split_part(max(shipment_attribute), ':', 2)
        ),
        now()
    FROM item
    GROUP BY external_shipment_id
)

INSERT INTO shipment_item (shipment_id, shipment_item_seq_id, product_id, quantity, item_external_id, as_of)
SELECT
    'TS' || external_shipment_id,
    lpad(item_external_id, 5, '0'),
    product_id,
    quantity,
    item_external_id,
    now()
FROM item
