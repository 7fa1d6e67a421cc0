-- The drift that some observations have found, with the names that people know. Reads inventory_drift, inventory_level,
-- inventory_channel, good_identification, facility.
SELECT
    drift.observed_at,
    drift.shop_id,
    named.sku,
    level.product_id,
    CASE
        WHEN facility.facility_type_id = 'VIRTUAL_FACILITY' THEN channel.facility_group_id
        ELSE facility.facility_name
    END AS facility,
    drift.location_id,
    drift.inventory_item_id,
    level.target,
    drift.position AS believed,
    drift.observed,
    drift.observed - drift.position AS difference,
    drift.cause,
    drift.outcome,
    drift.committed,
    drift.committed_imported,
    drift.shopify_updated_at,
    drift.outbox_batch_id
FROM inventory_drift AS drift
LEFT JOIN inventory_level AS level
    ON
        drift.shop_id = level.shop_id
        AND drift.inventory_item_id = level.inventory_item_id
        AND drift.location_id = level.location_id
LEFT JOIN LATERAL (
    SELECT min(sku.id_value) AS sku
    FROM good_identification AS sku
    WHERE sku.product_id = level.product_id AND sku.good_identification_type_id = 'SKU'
) AS named ON TRUE
LEFT JOIN inventory_channel AS channel
    ON
        drift.shop_id = channel.shop_id
        AND drift.location_id = channel.location_id
        AND drift.observed_at >= channel.from_date AND drift.observed_at < channel.thru_date
LEFT JOIN facility
    ON channel.queue_facility_id = facility.facility_id
WHERE
    drift.inventory_observation_id IN (SELECT unnest(%(observation_ids)s::bigint[]))
    AND (%(with_first)s OR drift.cause <> 'FIRST_OBSERVATION')
ORDER BY abs(drift.observed - drift.position) DESC NULLS LAST, drift.inventory_drift_id ASC
