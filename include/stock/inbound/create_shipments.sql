-- The shipments that there were not. Reads shipment_header, shipment_type; writes shipment.
INSERT INTO shipment (
    shipment_id, external_id, shipment_type_id, status_id, origin_facility_id, supplier_id, supplier_external_id,
    destination_facility_id, tracking_numbers, attributes, as_of, data_manager_log_id
)
SELECT
    header.shipment_id,
    header.external_id,
    kind.shipment_type_id,
    coalesce(header.status_id, kind.initial_status_id),
    header.origin_facility_id,
    header.supplier_id,
    header.supplier_external_id,
    header.destination_facility_id,
    header.tracking_numbers,
    header.attributes,
    %(as_of)s,
    %(data_manager_log_id)s::bigint
FROM shipment_header AS header
INNER JOIN shipment_type AS kind ON coalesce(header.shipment_type_id, 'INCOMING_SHIPMENT') = kind.shipment_type_id
WHERE NOT EXISTS (SELECT FROM shipment WHERE shipment.shipment_id = header.shipment_id)
