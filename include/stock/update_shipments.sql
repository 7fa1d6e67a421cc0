-- The shipments that there were, as the newest of their files has them. Parcels and attributes only become more.
-- Reads shipment_header, shipment_item_open; writes shipment, shipment_row.
WITH judged AS (
    SELECT
        shipment.shipment_id,
        shipment.as_of <= %(as_of)s AS is_newer,
        coalesce(shipment.external_id, header.external_id) AS external_id,
        header.shipment_type_id,
        header.origin_facility_id,
        header.supplier_id,
        header.supplier_external_id,
        header.destination_facility_id,
        header.attributes,
        shipment.tracking_numbers || array(
            SELECT parcel.tracking_number
            FROM unnest(header.tracking_numbers) WITH ORDINALITY AS parcel (tracking_number, position)
            WHERE parcel.tracking_number <> all(shipment.tracking_numbers)
            ORDER BY parcel.position
        ) AS tracking_numbers,
        CASE
            WHEN state.is_begun AND state.open_quantity = 0 THEN 'PURCH_SHIP_RECEIVED'
            WHEN shipment.as_of <= %(as_of)s AND header.status_id IS NOT NULL THEN header.status_id
            WHEN state.is_begun AND shipment.status_id = 'PURCH_SHIP_RECEIVED' THEN 'PURCH_SHIP_SHIPPED'
            ELSE shipment.status_id
        END AS status_id
    FROM shipment_header AS header
    INNER JOIN shipment ON header.shipment_id = shipment.shipment_id
    CROSS JOIN LATERAL (
        SELECT
            coalesce(bool_or(item.accepted + item.rejected > 0), FALSE) AS is_begun,
            sum(item.open_quantity) AS open_quantity
        FROM shipment_item_open AS item
        WHERE item.shipment_id = shipment.shipment_id
    ) AS state
),

merged AS (
    SELECT
        known.shipment_id,
        judged.external_id,
        judged.status_id,
        judged.tracking_numbers,
        CASE WHEN judged.is_newer THEN coalesce(judged.shipment_type_id, known.shipment_type_id)
            ELSE known.shipment_type_id
        END AS shipment_type_id,
        CASE WHEN judged.is_newer THEN coalesce(judged.origin_facility_id, known.origin_facility_id)
            ELSE coalesce(known.origin_facility_id, judged.origin_facility_id)
        END AS origin_facility_id,
        CASE WHEN judged.is_newer THEN coalesce(judged.supplier_id, known.supplier_id)
            ELSE coalesce(known.supplier_id, judged.supplier_id)
        END AS supplier_id,
        CASE WHEN judged.is_newer THEN coalesce(judged.supplier_external_id, known.supplier_external_id)
            ELSE coalesce(known.supplier_external_id, judged.supplier_external_id)
        END AS supplier_external_id,
        CASE WHEN judged.is_newer THEN judged.destination_facility_id ELSE known.destination_facility_id END
            AS destination_facility_id,
        CASE WHEN judged.is_newer THEN known.attributes || judged.attributes
            ELSE judged.attributes || known.attributes
        END AS attributes
    FROM judged
    INNER JOIN shipment AS known ON judged.shipment_id = known.shipment_id
),

different AS (
    SELECT merged.shipment_id
    FROM merged
    INNER JOIN shipment AS known ON merged.shipment_id = known.shipment_id
    WHERE (
        known.external_id, known.status_id, known.tracking_numbers, known.shipment_type_id, known.origin_facility_id,
        known.supplier_id, known.supplier_external_id, known.destination_facility_id, known.attributes
    ) IS DISTINCT FROM (
        merged.external_id, merged.status_id, merged.tracking_numbers, merged.shipment_type_id,
        merged.origin_facility_id, merged.supplier_id, merged.supplier_external_id, merged.destination_facility_id,
        merged.attributes
    )
),

updated AS (
    UPDATE shipment
    SET
        external_id = merged.external_id,
        status_id = merged.status_id,
        tracking_numbers = merged.tracking_numbers,
        shipment_type_id = merged.shipment_type_id,
        origin_facility_id = merged.origin_facility_id,
        supplier_id = merged.supplier_id,
        supplier_external_id = merged.supplier_external_id,
        destination_facility_id = merged.destination_facility_id,
        attributes = merged.attributes,
        as_of = greatest(shipment.as_of, %(as_of)s)
    FROM merged
    WHERE shipment.shipment_id = merged.shipment_id
)

UPDATE shipment_row SET is_changed = TRUE
FROM different
WHERE shipment_row.shipment_id = different.shipment_id
