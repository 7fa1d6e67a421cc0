-- Which restock each row is about, if there is one; a row about one that is over is complained of.
-- Reads scheduled_restock; writes restock_row.
UPDATE restock_row
SET
    shipment_id = restock.shipment_id,
    complaint = coalesce(restock_row.complaint, CASE
        WHEN restock.status_id <> 'SCHEDULED'
            THEN format(
                'restock %%L at %%L, %%s: %%s on %%s; give a new one another name or time',
                restock_row.requested_name, restock.facility_id,
                to_char(restock.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
                lower(restock.status_id),
                to_char(restock.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
            )
    END)
FROM scheduled_restock AS restock
WHERE
    restock_row.requested_name = restock.requested_name
    AND restock_row.facility_id = restock.facility_id
    AND restock_row.shop_id = restock.shop_id
    AND restock_row.requested_at = restock.requested_at
