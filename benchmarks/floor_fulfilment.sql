-- The floor of fulfilments: the one statement that joins the rows, keeps the fulfilments, completes the order items,
-- writes the ledger and moves the stock. Its rows are text already, outside of any JSON. No checks, no rejects, no
-- repeats, no snapshots, no marks, no log.
WITH sent AS (
    SELECT
        line.shop_id,
        line.order_id,
        line.order_item_seq_id,
        line.inventory_item_id,
        shop_product.product_id,
        facility.facility_id,
        raw.quantity::integer AS quantity,
        raw.shipped_date::timestamp AT TIME ZONE 'UTC' AS shipped_at,
        raw.tracking_number
    FROM raw
    INNER JOIN shopify_order_line AS line
        ON
            raw.order_id = ltrim(line.order_name, '#')
            AND raw.order_item_seq_id = line.order_item_seq_id
    INNER JOIN shopify_shop_product AS shop_product
        ON line.shop_id = shop_product.shop_id AND line.inventory_item_id = shop_product.inventory_item_id
    INNER JOIN facility ON raw.external_facility_id = facility.external_id
),

kept AS (
    INSERT INTO item_fulfilment (
        shop_id, order_id, order_item_seq_id, facility_id, quantity, shipped_at, tracking_number, data_manager_log_id,
        line_number
    )
    SELECT
        shop_id,
        order_id,
        order_item_seq_id,
        facility_id,
        quantity,
        shipped_at,
        tracking_number,
        0,
        0
    FROM sent
),

completed AS (
    UPDATE shopify_order_item AS held
    SET completed = held.completed + sent.quantity, issued = held.issued + sent.quantity
    FROM sent
    WHERE
        held.shop_id = sent.shop_id
        AND held.order_id = sent.order_id
        AND held.inventory_item_id = sent.inventory_item_id
),

movement AS (
    SELECT
        sent.product_id,
        place.facility_id,
        sent.order_id,
        sent.shipped_at,
        place.on_hand,
        place.to_promise
    FROM sent
    CROSS JOIN LATERAL (
        VALUES (sent.facility_id::text, -sent.quantity, -sent.quantity), ('QUEUE', 0, sent.quantity)
    ) AS place (facility_id, on_hand, to_promise)
),

detail AS (
    INSERT INTO inventory_item_detail (
        product_id, facility_id, quantity_on_hand_diff, available_to_promise_diff, reason_enum_id, order_id,
        effective_at
    )
    SELECT
        product_id,
        facility_id,
        on_hand,
        to_promise,
        'ITEM_ISSUANCE',
        order_id,
        shipped_at
    FROM movement
)

MERGE INTO inventory_item AS item
USING (
    SELECT
        product_id,
        facility_id,
        sum(on_hand) AS on_hand,
        sum(to_promise) AS to_promise
    FROM movement
    GROUP BY product_id, facility_id
) AS moved
    ON item.product_id = moved.product_id AND item.facility_id = moved.facility_id
WHEN MATCHED THEN UPDATE SET
    quantity_on_hand_total = item.quantity_on_hand_total + moved.on_hand,
    available_to_promise_total = item.available_to_promise_total + moved.to_promise
WHEN NOT MATCHED THEN INSERT VALUES (moved.product_id, moved.facility_id, moved.on_hand, moved.to_promise)
