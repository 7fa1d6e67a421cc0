-- A shipment that is new and has no id of its own is given one. Writes shipment_row.
WITH fresh AS MATERIALIZED (
    SELECT
        shipment_key,
        'TS' || nextval('shipment_id_seq') AS shipment_id
    FROM (
        SELECT shipment_key
        FROM shipment_row
        WHERE shipment_id IS NULL
        GROUP BY shipment_key
        ORDER BY min(line_number)
    ) AS nameless
)

UPDATE shipment_row
SET shipment_id = fresh.shipment_id
FROM fresh
WHERE shipment_row.shipment_key = fresh.shipment_key
