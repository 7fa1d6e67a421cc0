-- What each shipment is to be: as the newest of its files has it, and received when nothing is open. Parcels and
-- attributes only become more.
-- Reads shipment, shipment_item, shipment_receipt; writes shipment_header.
WITH received AS (
    SELECT
        shipment_id,
        shipment_item_seq_id,
        sum(quantity_accepted + quantity_rejected) AS quantity
    FROM shipment_receipt
    WHERE shipment_id IN (SELECT shipment_header.shipment_id FROM shipment_header)
    GROUP BY shipment_id, shipment_item_seq_id
),

state AS (
    SELECT
        item.shipment_id,
        bool_or(received.quantity > 0) IS TRUE AS is_begun,
        bool_or(item.quantity > coalesce(received.quantity, 0)) AS is_open
    FROM shipment_item AS item
    LEFT JOIN received
        ON item.shipment_id = received.shipment_id AND item.shipment_item_seq_id = received.shipment_item_seq_id
    WHERE item.shipment_id IN (SELECT shipment_header.shipment_id FROM shipment_header)
    GROUP BY item.shipment_id
),

merged AS (
    SELECT
        known.shipment_id,
        age.is_newer,
        coalesce(known.external_id, header.external_id) AS external_id,
        CASE WHEN age.is_newer THEN coalesce(header.shipment_type_id, known.shipment_type_id)
            ELSE known.shipment_type_id
        END AS shipment_type_id,
        CASE
            WHEN state.is_begun AND NOT state.is_open THEN 'PURCH_SHIP_RECEIVED'
            WHEN age.is_newer AND header.status_id IS NOT NULL THEN header.status_id
            WHEN state.is_begun AND known.status_id = 'PURCH_SHIP_RECEIVED' THEN 'PURCH_SHIP_SHIPPED'
            ELSE known.status_id
        END AS status_id,
        CASE WHEN age.is_newer THEN coalesce(header.origin_facility_id, known.origin_facility_id)
            ELSE coalesce(known.origin_facility_id, header.origin_facility_id)
        END AS origin_facility_id,
        CASE WHEN age.is_newer THEN coalesce(header.supplier_id, known.supplier_id)
            ELSE coalesce(known.supplier_id, header.supplier_id)
        END AS supplier_id,
        CASE WHEN age.is_newer THEN coalesce(header.supplier_external_id, known.supplier_external_id)
            ELSE coalesce(known.supplier_external_id, header.supplier_external_id)
        END AS supplier_external_id,
        CASE WHEN age.is_newer THEN header.destination_facility_id ELSE known.destination_facility_id END
            AS destination_facility_id,
        known.tracking_numbers || array(
            SELECT parcel.tracking_number
            FROM unnest(header.tracking_numbers) WITH ORDINALITY AS parcel (tracking_number, position)
            WHERE parcel.tracking_number <> all(known.tracking_numbers)
            ORDER BY parcel.position
        ) AS tracking_numbers,
        CASE WHEN age.is_newer THEN known.attributes || header.attributes ELSE header.attributes || known.attributes END
            AS attributes
    FROM shipment_header AS header
    INNER JOIN shipment AS known ON header.shipment_id = known.shipment_id
    INNER JOIN state ON header.shipment_id = state.shipment_id
    CROSS JOIN LATERAL (SELECT known.as_of <= %(as_of)s AS is_newer) AS age
)

UPDATE shipment_header
SET
    external_id = merged.external_id,
    shipment_type_id = merged.shipment_type_id,
    status_id = merged.status_id,
    origin_facility_id = merged.origin_facility_id,
    supplier_id = merged.supplier_id,
    supplier_external_id = merged.supplier_external_id,
    destination_facility_id = merged.destination_facility_id,
    tracking_numbers = merged.tracking_numbers,
    attributes = merged.attributes,
    is_different = (
        known.external_id, known.status_id, known.tracking_numbers, known.shipment_type_id, known.origin_facility_id,
        known.supplier_id, known.supplier_external_id, known.destination_facility_id, known.attributes
    ) IS DISTINCT FROM (
        merged.external_id, merged.status_id, merged.tracking_numbers, merged.shipment_type_id,
        merged.origin_facility_id, merged.supplier_id, merged.supplier_external_id, merged.destination_facility_id,
        merged.attributes
    )
FROM merged
INNER JOIN shipment AS known ON merged.shipment_id = known.shipment_id
WHERE shipment_header.shipment_id = merged.shipment_id
