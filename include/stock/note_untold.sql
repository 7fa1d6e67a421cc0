-- Notes which of the ledger rows of this transaction the ERP is to be told of: those after the newest one before it, as
-- nobody else may post meanwhile.
-- Reads inventory_item_detail by its index of what is new to the ERP; writes untold_variance.
INSERT INTO untold_variance (inventory_item_detail_id, effective_at)
SELECT
    inventory_item_detail_id,
    effective_at
FROM inventory_item_detail
WHERE is_new_to_erp AND inventory_item_detail_id > %(newest_before)s
