-- One ledger row for each movement; what is born here, and the ERP is to be told of, is marked as such.
-- Reads movement, data_manager_log, data_manager_config, variance_reason; writes inventory_item_detail.
INSERT INTO inventory_item_detail (
    product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id,
    data_manager_log_id, line_number, order_id, shipment_id, effective_at, physical_inventory_id, description,
    is_new_to_erp
)
SELECT
    movement.product_id,
    movement.facility_id,
    movement.quantity_on_hand_diff,
    movement.available_to_promise_diff,
    movement.reason_enum_id,
    %(data_manager_log_id)s::bigint,
    movement.line_number,
    movement.order_id,
    movement.shipment_id,
    coalesce(movement.effective_at, %(effective_at)s),
    movement.physical_inventory_id,
    movement.description,
    source.is_told_to_erp
    AND movement.order_id IS NULL
    AND movement.shipment_id IS NULL
    AND movement.quantity_on_hand_diff <> 0
    AND coalesce(reason.is_told_to_erp, TRUE)
FROM movement
LEFT JOIN variance_reason AS reason ON movement.reason_enum_id = reason.variance_reason_id
CROSS JOIN (
    SELECT coalesce((
        SELECT config.is_told_to_erp
        FROM data_manager_log AS log
        INNER JOIN data_manager_config AS config ON log.config_id = config.config_id
        WHERE log.data_manager_log_id = %(data_manager_log_id)s::bigint
    ), %(data_manager_log_id)s::bigint IS NULL) AS is_told_to_erp
) AS source
WHERE movement.quantity_on_hand_diff <> 0 OR movement.available_to_promise_diff <> 0
