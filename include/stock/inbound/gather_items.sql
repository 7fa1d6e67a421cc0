-- What the rows say of each item, added up and beside what is known of it, and the numbers of the items that are new.
-- Reads shipment_row, shipment_item; writes wanted_item.
INSERT INTO wanted_item (
    shipment_id, item_key, product_id, quantity, item_external_id, order_id, serial_numbers, shipment_item_seq_id,
    row_count, is_known, is_changed, is_superseded
)
WITH wanted AS (
    SELECT
        shipment_id,
        item_key,
        max(product_id) AS product_id,
        max(item_external_id) AS item_external_id,
        sum(quantity) AS quantity,
        max(order_id) AS order_id,
        coalesce(array_agg(serial_number ORDER BY line_number) FILTER (WHERE serial_number IS NOT NULL), '{}')
            AS serial_numbers,
        min(line_number) AS first_line,
        count(*) AS row_count
    FROM shipment_row
    GROUP BY shipment_id, item_key
),

last AS (
    SELECT
        shipment_id,
        max(shipment_item_seq_id::bigint) AS number
    FROM shipment_item
    WHERE shipment_id IN (SELECT wanted.shipment_id FROM wanted)
    GROUP BY shipment_id
),

judged AS (
    SELECT
        wanted.*,
        known.shipment_item_seq_id,
        known.item_key IS NOT NULL AS is_known,
        coalesce(known.as_of > %(as_of)s, FALSE) AS is_superseded,
        coalesce(
            wanted.product_id = known.product_id
            AND wanted.quantity = known.quantity
            AND coalesce(wanted.order_id, known.order_id) IS NOT DISTINCT FROM known.order_id
            AND wanted.serial_numbers IN ('{}', known.serial_numbers),
            FALSE
        ) AS is_same,
        coalesce(last.number, 0) + row_number() OVER (
            PARTITION BY wanted.shipment_id
            ORDER BY known.item_key IS NULL DESC, wanted.first_line ASC
        ) AS number
    FROM wanted
    LEFT JOIN shipment_item AS known
        ON wanted.shipment_id = known.shipment_id AND wanted.item_key = known.item_key
    LEFT JOIN last ON wanted.shipment_id = last.shipment_id
)

SELECT
    shipment_id,
    item_key,
    product_id,
    quantity,
    item_external_id,
    order_id,
    serial_numbers,
    coalesce(shipment_item_seq_id, lpad(number::text, greatest(5, length(number::text)), '0')),
    row_count,
    is_known,
    NOT is_same AND NOT is_superseded,
    is_superseded
FROM judged
