-- What each staged row says has left, and why a row cannot be taken of which that is plain already. Nothing can have
-- left in the future; but the ERP's clock may be ahead of ours (snapshot_time.CLOCKS_APART).
-- Reads staged, facility; writes fulfilled_item.
INSERT INTO fulfilled_item (
    line_number, order_id, order_item_seq_id, facility_id, shipped_at, quantity, tracking_number, complaint
)
SELECT
    staged.line_number,
    staged.order_id,
    staged.order_item_seq_id,
    facility.facility_id,
    least(staged.shipped_at::timestamptz, now() + %(clocks_apart)s),
    as_quantity(staged.quantity),
    coalesce(staged.tracking_number, ''),
    CASE
        WHEN staged.malformed IS NOT NULL THEN staged.malformed
        WHEN staged.order_id IS NULL THEN 'orderId is empty; expected the order''s id'
        WHEN staged.order_item_seq_id IS NULL THEN 'orderItemSeqId is empty; expected the line''s number such as 00001'
        WHEN staged.facility_id IS NULL AND staged.external_facility_id IS NULL
            THEN 'externalFacilityId is empty; expected the internal id of a NetSuite location'
        WHEN facility.facility_id IS NULL AND staged.facility_id IS NOT NULL
            THEN format('facilityId %%L: no such facility; expected one that is set up in Trueup', staged.facility_id)
        WHEN facility.facility_id IS NULL
            THEN format(
                'externalFacilityId %%L: no facility has this NetSuite location; correct it or set the facility up',
                staged.external_facility_id
            )
        WHEN facility.facility_type_id NOT IN ('WAREHOUSE', 'RETAIL_STORE')
            THEN format(
                'facility %%L is a %%s; expected a warehouse or retail store',
                facility.facility_id, lower(replace(facility.facility_type_id, '_', ' '))
            )
        WHEN as_quantity(staged.quantity) IS NULL
            THEN format(
                'quantity %%L is not a number; expected digits such as 12', coalesce(staged.quantity, '')
            )
        WHEN staged.shipped_at IS NULL
            THEN format(
                'shippedDate %%L is no date that is understood; expected one such as 7/14/2026 10:32 am',
                coalesce(staged.shipped_date, '')
            )
    END
FROM staged
LEFT JOIN facility
    ON CASE
        WHEN staged.facility_id IS NOT NULL THEN staged.facility_id = facility.facility_id
        ELSE staged.external_facility_id = facility.external_id
    END
