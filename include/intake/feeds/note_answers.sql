-- Notes what the ERP has made of each variance; the earliest answer says since when it has it.
-- Reads staged; writes exported_variance.
UPDATE exported_variance AS told
SET
    erp_id = answer.erp_id,
    acknowledged_at = %(as_of)s,
    acknowledged_in_log_id = %(data_manager_log_id)s
FROM (
    SELECT DISTINCT
        trim(erp_id) AS erp_id,
        CASE WHEN trim(reference) ~ '^[0-9]{1,18}$' THEN trim(reference)::bigint END AS inventory_item_detail_id,
        CASE WHEN trim(reference) ~ '^R' THEN substr(trim(reference), 2)::bigint END AS shipment_receipt_id
    FROM staged
) AS answer
WHERE
    (
        told.inventory_item_detail_id = answer.inventory_item_detail_id
        OR told.shipment_receipt_id = answer.shipment_receipt_id
    )
    AND (told.acknowledged_at IS NULL OR told.acknowledged_at > %(as_of)s)
