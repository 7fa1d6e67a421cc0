-- What is on its way of one product. Reads incoming_item.
SELECT
    product_id,
    facility_id,
    shipment_id,
    external_id,
    shipment_type_id,
    status_id,
    origin_facility_id,
    quantity,
    accepted,
    rejected,
    open_quantity,
    expected_at
FROM incoming_item
WHERE
    product_id = %(product_id)s
    AND (%(facility_id)s::text IS NULL OR facility_id = %(facility_id)s)
ORDER BY expected_at ASC NULLS LAST, shipment_id ASC, shipment_item_seq_id ASC
