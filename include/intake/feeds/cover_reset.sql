-- Notes which products this snapshot has spoken of, per facility. Reads covered_facility; writes inventory_snapshot.
INSERT INTO inventory_snapshot (data_manager_log_id, facility_id, as_of, product_ids, on_hand_product_ids)
SELECT
    %(data_manager_log_id)s,
    facility_id,
    %(as_of)s,
    product_ids,
    on_hand_product_ids
FROM covered_facility
WHERE cardinality(product_ids) > 0
