-- Another run is meant for a restock, unless somebody was faster. Writes scheduled_restock.
UPDATE scheduled_restock SET run_number = %(claimed)s, run_started_at = %(now)s
WHERE shipment_id = %(shipment_id)s AND status_id = 'SCHEDULED' AND run_number = %(number)s
