-- A restock that is new is given the id of its shipment. Writes restock_row.
WITH fresh AS MATERIALIZED (
    SELECT
        requested_name,
        facility_id,
        shop_id,
        requested_at,
        'TS' || nextval('shipment_id_seq') AS shipment_id
    FROM (
        SELECT
            requested_name,
            facility_id,
            shop_id,
            requested_at
        FROM restock_row
        WHERE shipment_id IS NULL
        GROUP BY requested_name, facility_id, shop_id, requested_at
        ORDER BY min(line_number)
    ) AS nameless
)

UPDATE restock_row
SET shipment_id = fresh.shipment_id, is_new = TRUE
FROM fresh
WHERE
    restock_row.requested_name = fresh.requested_name
    AND restock_row.facility_id = fresh.facility_id
    AND restock_row.shop_id = fresh.shop_id
    AND restock_row.requested_at = fresh.requested_at
