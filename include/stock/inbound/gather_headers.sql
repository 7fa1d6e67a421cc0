-- What the rows of each shipment say of it: of what they say differently, the last one.
-- Reads shipment_row; writes shipment_header.
INSERT INTO shipment_header (
    shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id, supplier_external_id,
    destination_facility_id, tracking_numbers, attributes
)
WITH said AS MATERIALIZED (
    SELECT
        shipment_id,
        external_id,
        shipment_type_id,
        status_id,
        origin_facility_id,
        supplier_id,
        supplier_external_id,
        destination_facility_id,
        tracking_numbers,
        attributes,
        min(line_number) AS first_line,
        max(line_number) AS line_number
    FROM shipment_row
    GROUP BY
        shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id, supplier_external_id,
        destination_facility_id, tracking_numbers, attributes
),

tracking AS (
    SELECT
        shipment_id,
        array_agg(tracking_number ORDER BY first_line, tracking_number) AS tracking_numbers
    FROM (
        SELECT
            item.shipment_id,
            each.tracking_number,
            min(item.first_line) AS first_line
        FROM said AS item
        CROSS JOIN LATERAL unnest(item.tracking_numbers) AS each (tracking_number)
        GROUP BY item.shipment_id, each.tracking_number
    ) AS parcel
    GROUP BY shipment_id
),

attribute AS (
    SELECT
        item.shipment_id,
        jsonb_object_agg(each.name, each.value ORDER BY item.line_number) AS attributes
    FROM said AS item
    CROSS JOIN LATERAL jsonb_each(item.attributes) AS each (name, value)
    GROUP BY item.shipment_id
)

SELECT
    item.shipment_id,
    max(item.external_id),
    (array_agg(item.shipment_type_id ORDER BY item.line_number DESC)
        FILTER (WHERE item.shipment_type_id IS NOT NULL))[1],
    (array_agg(item.status_id ORDER BY item.line_number DESC) FILTER (WHERE item.status_id IS NOT NULL))[1],
    (array_agg(item.origin_facility_id ORDER BY item.line_number DESC)
        FILTER (WHERE item.origin_facility_id IS NOT NULL))[1],
    (array_agg(item.supplier_id ORDER BY item.line_number DESC) FILTER (WHERE item.supplier_id IS NOT NULL))[1],
    (array_agg(item.supplier_external_id ORDER BY item.line_number DESC)
        FILTER (WHERE item.supplier_external_id IS NOT NULL))[1],
    max(item.destination_facility_id),
    coalesce(max(tracking.tracking_numbers), '{}'),
    coalesce((array_agg(attribute.attributes))[1], '{}')
FROM said AS item
LEFT JOIN tracking ON item.shipment_id = tracking.shipment_id
LEFT JOIN attribute ON item.shipment_id = attribute.shipment_id
GROUP BY item.shipment_id
