-- Sets what a restock brings of a product. One that brings nothing stays as an item of none, so that an older file does
-- not bring it back. Reads product; writes shipment_item.
INSERT INTO shipment_item (shipment_id, shipment_item_seq_id, product_id, quantity, as_of)
SELECT
    %(shipment_id)s,
    lpad(seq.number::text, greatest(5, length(seq.number::text)), '0'),
    product.product_id,
    %(quantity)s,
    %(now)s
FROM product
CROSS JOIN LATERAL (
    SELECT coalesce(max(item.shipment_item_seq_id::bigint), 0) + 1 AS number
    FROM shipment_item AS item
    WHERE item.shipment_id = %(shipment_id)s
) AS seq
WHERE product.product_id = %(product_id)s
ON CONFLICT (shipment_id, item_key) DO UPDATE SET quantity = excluded.quantity, as_of = excluded.as_of
