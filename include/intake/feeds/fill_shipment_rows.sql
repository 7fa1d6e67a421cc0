-- The rows of a shipment file in the words of shipments. An origin that is no facility of ours stays as it is written.
-- Reads resolved_row, staged, facility; writes shipment_row.
INSERT INTO shipment_row (
    line_number, given_shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id,
    supplier_external_id, destination_facility_id, product_id, quantity, item_external_id, order_id, serial_number,
    tracking_numbers, attributes, is_usable, complaint
)
SELECT
    resolved_row.line_number,
    nullif(trim(staged.shipment_id), ''),
    nullif(trim(staged.external_shipment_id), ''),
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
    array(
        SELECT trim(parcel.tracking_number)
        FROM string_to_table(staged.tracking_number, '|') AS parcel (tracking_number)
        WHERE trim(parcel.tracking_number) <> ''
    ),
    coalesce(attribute.attributes, '{}'),
    resolved_row.usable,
    CASE
        WHEN attribute.bad IS NOT NULL
            THEN format('shipment-attribute %%L; expected NAME:VALUE, several with | between them', attribute.bad)
    END
FROM resolved_row
INNER JOIN staged ON resolved_row.staged_at = staged.ctid
LEFT JOIN facility AS destination
    ON
        resolved_row.facility_id = destination.facility_id
        AND destination.facility_type_id = any(%(facility_types)s)
LEFT JOIN facility AS by_code ON trim(staged.origin_facility_id) = by_code.facility_id
LEFT JOIN facility AS by_external ON trim(staged.origin_facility_id) = by_external.external_id
CROSS JOIN LATERAL (
    SELECT
        jsonb_object_agg(trim(split_part(each.written, ':', 1)), trim(substring(each.written FROM ':(.*)')))
            FILTER (WHERE each.written ~ '[^ ] *:') AS attributes,
        min(trim(each.written)) FILTER (WHERE each.written !~ '[^ ] *:') AS bad
    FROM string_to_table(staged.shipment_attribute, '|') AS each (written)
    WHERE trim(each.written) <> ''
) AS attribute
WHERE staged.malformed IS NULL
