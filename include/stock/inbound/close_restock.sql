-- A restock has been received or cancelled, and its shipment with it. Writes scheduled_restock, shipment.
WITH closed AS (
    UPDATE scheduled_restock SET status_id = %(status_id)s, closed_at = %(now)s
    WHERE shipment_id = %(shipment_id)s
)

UPDATE shipment
SET status_id = CASE %(status_id)s WHEN 'RECEIVED' THEN 'PURCH_SHIP_RECEIVED' ELSE 'SHIPMENT_CANCELLED' END
WHERE shipment_id = %(shipment_id)s
