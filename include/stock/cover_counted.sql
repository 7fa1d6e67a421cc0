-- A count is a snapshot of one product: what took effect before it is in it. Writes inventory_snapshot.
INSERT INTO inventory_snapshot (data_manager_log_id, facility_id, as_of, product_ids, on_hand_product_ids)
VALUES (
    -%(physical_inventory_id)s::bigint,
    %(facility_id)s,
    %(moment)s,
    ARRAY[%(product_id)s],
    ARRAY[%(product_id)s]
)
