-- Whether any other snapshot speaks of this moment or a later one. Reads inventory_snapshot.
SELECT count(*) > 0
FROM inventory_snapshot
WHERE as_of >= %(as_of)s
