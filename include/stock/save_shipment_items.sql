-- The items as the file has them, except those of which a newer file has spoken. What it does not name stays.
-- Reads shipment_row; writes shipment_item, shipment_row.
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
        min(line_number) AS first_line
    FROM shipment_row
    GROUP BY shipment_id, item_key
),

judged AS (
    SELECT
        wanted.shipment_id,
        wanted.item_key,
        wanted.product_id,
        wanted.item_external_id,
        wanted.quantity,
        coalesce(wanted.order_id, known.order_id) AS order_id,
        CASE WHEN wanted.serial_numbers = '{}' THEN coalesce(known.serial_numbers, '{}') ELSE wanted.serial_numbers END
            AS serial_numbers,
        known.item_key IS NULL AS is_new,
        row_number() OVER (
            PARTITION BY wanted.shipment_id
            ORDER BY known.item_key IS NULL DESC, wanted.first_line ASC
        ) AS place,
        coalesce(known.as_of > %(as_of)s, FALSE) AS is_superseded,
        coalesce(
            wanted.product_id = known.product_id
            AND wanted.quantity = known.quantity
            AND coalesce(wanted.order_id, known.order_id) IS NOT DISTINCT FROM known.order_id
            AND wanted.serial_numbers IN ('{}', known.serial_numbers),
            FALSE
        ) AS is_same
    FROM wanted
    LEFT JOIN shipment_item AS known
        ON wanted.shipment_id = known.shipment_id AND wanted.item_key = known.item_key
),

last AS (
    SELECT
        shipment_id,
        max(shipment_item_seq_id::bigint) AS number
    FROM shipment_item
    WHERE shipment_id IN (SELECT wanted.shipment_id FROM wanted)
    GROUP BY shipment_id
),

added AS (
    INSERT INTO shipment_item (
        shipment_id, shipment_item_seq_id, product_id, quantity, item_external_id, order_id, serial_numbers, as_of
    )
    SELECT
        judged.shipment_id,
        lpad(seq.number::text, greatest(5, length(seq.number::text)), '0'),
        judged.product_id,
        judged.quantity,
        judged.item_external_id,
        judged.order_id,
        judged.serial_numbers,
        %(as_of)s
    FROM judged
    LEFT JOIN last ON judged.shipment_id = last.shipment_id
    CROSS JOIN LATERAL (SELECT coalesce(last.number, 0) + judged.place AS number) AS seq
    WHERE judged.is_new
),

replaced AS (
    UPDATE shipment_item AS item
    SET
        product_id = judged.product_id,
        quantity = judged.quantity,
        order_id = judged.order_id,
        serial_numbers = judged.serial_numbers,
        as_of = %(as_of)s
    FROM judged
    WHERE
        item.shipment_id = judged.shipment_id AND item.item_key = judged.item_key
        AND NOT judged.is_new AND NOT judged.is_superseded
)

UPDATE shipment_row
SET
    is_changed = NOT judged.is_same AND NOT judged.is_superseded,
    is_superseded = judged.is_superseded
FROM judged
WHERE shipment_row.shipment_id = judged.shipment_id AND shipment_row.item_key = judged.item_key
