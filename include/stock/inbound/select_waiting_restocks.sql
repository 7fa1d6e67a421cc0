-- The restocks that wait and whose moment comes within the lead, with the number of their last run.
-- Reads scheduled_restock.
SELECT
    shipment_id,
    restock_name,
    scheduled_at,
    run_number,
    run_started_at
FROM scheduled_restock
WHERE status_id = 'SCHEDULED' AND scheduled_at <= %(until)s
ORDER BY scheduled_at, shipment_id
