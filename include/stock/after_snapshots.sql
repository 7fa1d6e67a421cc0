-- A moment, or just after the newest snapshot of a product at a facility that claims a later one: the clock of whoever
-- took it is ahead of ours. Reads inventory_snapshot by as_of.
SELECT greatest(%(moment)s::timestamptz, max(as_of) + interval '1 microsecond')
FROM inventory_snapshot
WHERE as_of >= %(moment)s AND facility_id = %(facility_id)s AND %(product_id)s::text = any(product_ids)
