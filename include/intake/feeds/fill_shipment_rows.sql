-- The rows of a shipment file in the words of shipments. An origin that is no facility of ours stays as it is written.
-- Reads resolved_row, staged, facility, shipment_name; writes shipment_row.
INSERT INTO shipment_row (
    line_number, shipment_id, shipment_key, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id,
    supplier_external_id, destination_facility_id, product_id, quantity, item_external_id, order_id, serial_number,
    tracking_numbers, attributes, is_usable, complaint
)
-- The rows of a shipment say the same of it, mostly: each such cell is taken apart once.
WITH attribute AS (
    SELECT
        cell.shipment_attribute,
        jsonb_object_agg(trim(split_part(each.written, ':', 1)), trim(substring(each.written FROM ':(.*)')))
            FILTER (WHERE each.written ~ '[^ ] *:') AS attributes,
        min(trim(each.written)) FILTER (WHERE each.written !~ '[^ ] *:') AS bad
    FROM (SELECT DISTINCT shipment_attribute FROM staged WHERE shipment_attribute IS NOT NULL) AS cell
    CROSS JOIN LATERAL string_to_table(cell.shipment_attribute, '|') AS each (written)
    WHERE trim(each.written) <> ''
    GROUP BY cell.shipment_attribute
)

SELECT
    resolved_row.line_number,
    name.shipment_id,
    name.shipment_key,
    name.external_id,
    nullif(upper(trim(staged.shipment_type_id)), ''),
    nullif(upper(trim(staged.status_id)), ''),
    nullif(coalesce(by_code.facility_id, by_external.facility_id, trim(staged.origin_facility_id)), ''),
    nullif(trim(staged.supplier_id), ''),
    nullif(trim(staged.supplier_external_id), ''),
    destination.facility_id,
    resolved_row.product_id,
    resolved_row.quantity,
    nullif(trim(staged.item_external_id), ''),
    nullif(trim(staged.order_id), ''),
    nullif(trim(staged.serial_number), ''),
    CASE
        WHEN coalesce(trim(staged.tracking_number), '') = '' THEN '{}'
        WHEN strpos(staged.tracking_number, '|') = 0 THEN ARRAY[trim(staged.tracking_number)]
        ELSE array(
            SELECT trim(parcel.tracking_number)
            FROM string_to_table(staged.tracking_number, '|') AS parcel (tracking_number)
            WHERE trim(parcel.tracking_number) <> ''
        )
    END,
    coalesce(attribute.attributes, '{}'),
    resolved_row.usable,
    CASE
        WHEN attribute.bad IS NOT NULL
            THEN format('shipment-attribute %%L; expected NAME:VALUE, several with | between them', attribute.bad)
        ELSE name.complaint
    END
FROM resolved_row
INNER JOIN staged ON resolved_row.staged_at = staged.ctid
INNER JOIN shipment_name AS name
    ON
        coalesce(trim(staged.shipment_id), '') = coalesce(name.given_shipment_id, '')
        AND coalesce(trim(staged.external_shipment_id), '') = coalesce(name.external_id, '')
LEFT JOIN facility AS destination
    ON
        resolved_row.facility_id = destination.facility_id
        AND destination.facility_type_id = any(%(facility_types)s)
LEFT JOIN facility AS by_code ON trim(staged.origin_facility_id) = by_code.facility_id
LEFT JOIN facility AS by_external ON trim(staged.origin_facility_id) = by_external.external_id
LEFT JOIN attribute ON staged.shipment_attribute = attribute.shipment_attribute
WHERE staged.malformed IS NULL
