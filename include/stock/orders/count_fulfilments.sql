-- One turn: keeps what is counted now. Reads fulfilled_item; writes item_fulfilment.
INSERT INTO item_fulfilment (
    shop_id,
    order_id,
    order_item_seq_id,
    facility_id,
    quantity,
    shipped_at,
    tracking_number,
    data_manager_log_id,
    line_number
)
SELECT
    shop_id,
    found_order_id,
    found_seq_id,
    facility_id,
    quantity,
    shipped_at,
    tracking_number,
    %(data_manager_log_id)s,
    line_number
FROM fulfilled_item
WHERE turn = %(turn)s AND complaint IS NULL AND NOT is_repeated
