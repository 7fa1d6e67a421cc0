-- The shipments as they were merged. Reads shipment_header; writes shipment.
UPDATE shipment
SET
    external_id = header.external_id,
    shipment_type_id = header.shipment_type_id,
    status_id = header.status_id,
    origin_facility_id = header.origin_facility_id,
    supplier_id = header.supplier_id,
    supplier_external_id = header.supplier_external_id,
    destination_facility_id = header.destination_facility_id,
    tracking_numbers = header.tracking_numbers,
    attributes = header.attributes,
    as_of = greatest(shipment.as_of, %(as_of)s)
FROM shipment_header AS header
WHERE shipment.shipment_id = header.shipment_id AND (header.is_different OR shipment.as_of < %(as_of)s)
