-- The newest ledger rows of products, each with what is behind it; of one file the last line first.
-- Reads inventory_item_detail by product and facility, data_manager_log, shopify_order_line, scheduled_restock,
-- physical_inventory, variance_reason.
WITH detail AS (
    SELECT *
    FROM inventory_item_detail
    WHERE
        product_id = any(%(product_ids)s::text[])
        AND (%(facility_ids)s::text[] IS NULL OR facility_id = any(%(facility_ids)s::text[]))
    ORDER BY recorded_at DESC, line_number DESC, inventory_item_detail_id DESC
    LIMIT %(most)s
)

SELECT
    detail.inventory_item_detail_id,
    detail.product_id,
    detail.facility_id,
    detail.quantity_on_hand_diff,
    detail.available_to_promise_diff,
    detail.reason_enum_id,
    coalesce(reason.description, own_reason.words) AS reason,
    detail.effective_at,
    detail.recorded_at,
    detail.data_manager_log_id,
    log.config_id,
    log.file_name,
    detail.line_number,
    parent.file_name AS retry_of,
    detail.order_id,
    ordered.order_name,
    detail.shipment_id,
    restock.restock_name,
    detail.physical_inventory_id,
    by_hand.party_id,
    coalesce(detail.description, by_hand.general_comments) AS description
FROM detail
LEFT JOIN data_manager_log AS log ON detail.data_manager_log_id = log.data_manager_log_id
LEFT JOIN data_manager_log AS parent ON log.parent_log_id = parent.data_manager_log_id
LEFT JOIN LATERAL (
    SELECT min(line.order_name) AS order_name
    FROM shopify_order_line AS line
    WHERE line.order_id = detail.order_id
) AS ordered ON TRUE
LEFT JOIN scheduled_restock AS restock ON detail.shipment_id = restock.shipment_id
LEFT JOIN physical_inventory AS by_hand ON detail.physical_inventory_id = by_hand.physical_inventory_id
LEFT JOIN variance_reason AS reason ON detail.reason_enum_id = reason.variance_reason_id
LEFT JOIN
    unnest(%(reservation_reasons)s::text[], %(reservation_words)s::text[]) AS own_reason (reason_enum_id, words)
    ON detail.reason_enum_id = own_reason.reason_enum_id
ORDER BY detail.recorded_at DESC, detail.line_number DESC, detail.inventory_item_detail_id DESC
