-- What became of the rows: a row changes something if its item is another one now, or its shipment.
-- Reads wanted_item, shipment_header.
SELECT
    coalesce(sum(item.row_count) FILTER (WHERE kind.is_changed), 0)::bigint AS changed,
    coalesce(sum(item.row_count) FILTER (WHERE NOT kind.is_changed AND NOT item.is_superseded), 0)::bigint AS unchanged,
    coalesce(sum(item.row_count) FILTER (WHERE NOT kind.is_changed AND item.is_superseded), 0)::bigint AS superseded
FROM wanted_item AS item
INNER JOIN shipment_header AS header ON item.shipment_id = header.shipment_id
CROSS JOIN LATERAL (SELECT item.is_changed OR header.is_different AS is_changed) AS kind
