-- One ledger row for each movement. Reads movement; writes inventory_item_detail.
INSERT INTO inventory_item_detail (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id,
    data_manager_log_id, line_number, order_id, shipment_id, effective_at, physical_inventory_id, description
)
SELECT
    product_id,
    facility_id,
    quantity_on_hand_diff,
    available_to_promise_diff,
    reason_enum_id,
    %(data_manager_log_id)s::bigint,
    line_number,
    order_id,
    shipment_id,
    coalesce(effective_at, %(effective_at)s),
    physical_inventory_id,
    description
FROM movement
WHERE quantity_on_hand_diff <> 0 OR available_to_promise_diff <> 0
