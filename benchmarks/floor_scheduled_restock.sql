-- The floor of restocks: the one statement that joins the file and writes shipments, items and restocks.
-- No checks, no rejects, no earlier restocks, no log.
WITH item AS (
    SELECT
        'TS' || raw.restock_name AS shipment_id,
        raw.restock_name,
        raw.quantity::numeric AS quantity,
        raw.schedule_time::timestamptz AS scheduled_at,
        identified.product_id,
        facility.facility_id,
        shop.shop_id
    FROM raw
    INNER JOIN good_identification AS identified
        ON
            identified.good_identification_type_id = 'SKU'
            AND raw.sku = identified.id_value
    INNER JOIN facility ON raw.facility = facility.facility_id
    INNER JOIN shopify_shop AS shop ON raw.shop = shop.shop_id
),

created AS (
    INSERT INTO shipment (shipment_id, shipment_type_id, status_id, destination_facility_id, as_of)
    SELECT DISTINCT
        shipment_id,
        'INCOMING_SHIPMENT',
        'PURCH_SHIP_CREATED',
        facility_id,
        now()
    FROM item
),

scheduled AS (
    INSERT INTO scheduled_restock (
        shipment_id, restock_name, facility_id, shop_id, scheduled_at, requested_name, requested_at
    )
    SELECT DISTINCT
        shipment_id,
        restock_name,
        facility_id,
        shop_id,
        scheduled_at,
        restock_name,
        scheduled_at
    FROM item
)

INSERT INTO shipment_item (shipment_id, shipment_item_seq_id, product_id, quantity, as_of)
SELECT
    shipment_id,
    lpad(row_number() OVER (PARTITION BY shipment_id)::text, 5, '0'),
    product_id,
    quantity,
    now()
FROM item
