-- Events become movements, less what the newest count of their product and facility has measured of them already: of
-- one that took effect before it, a count by ATP has measured the change of ATP, one by QOH that of QOH, and either has
-- moved both totals by it (docs/adr/0010). A kit takes its components from stock, by the content that was kept with the
-- order.
-- Reads order_event, shopify_order_item_component, inventory_snapshot; writes movement.
WITH event AS (
    SELECT
        coalesce(component.component_id, ordered.product_id) AS product_id,
        ordered.facility_id,
        ordered.order_id,
        ordered.line_number,
        ordered.reason_enum_id,
        ordered.effective_at,
        ordered.quantity_on_hand_diff * coalesce(component.quantity, 1) AS on_hand,
        ordered.available_to_promise_diff * coalesce(component.quantity, 1) AS to_promise
    FROM order_event AS ordered
    LEFT JOIN shopify_order_item_component AS component
        ON
            ordered.order_id = component.order_id
            AND ordered.shop_id = component.shop_id
            AND ordered.inventory_item_id = component.inventory_item_id
),

-- Whole lists are joined: to look up a million products one by one would take seconds.
newest_count AS (
    SELECT DISTINCT ON (covered.product_id, snapshot.facility_id)
        covered.product_id,
        snapshot.facility_id,
        snapshot.as_of,
        covered.is_on_hand
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL (
        SELECT
            unnest(snapshot.product_ids) AS product_id,
            FALSE AS is_on_hand
        UNION ALL
        SELECT
            unnest(snapshot.on_hand_product_ids) AS product_id,
            TRUE AS is_on_hand
    ) AS covered
    WHERE
        snapshot.as_of >= (SELECT min(earliest.effective_at) FROM order_event AS earliest)
        AND (covered.product_id, snapshot.facility_id) IN (
            SELECT
                moved.product_id,
                moved.facility_id
            FROM event AS moved
        )
    ORDER BY
        covered.product_id ASC,
        snapshot.facility_id ASC,
        snapshot.as_of DESC,
        snapshot.data_manager_log_id DESC,
        covered.is_on_hand DESC
)

INSERT INTO movement (
    product_id,
    facility_id,
    quantity_on_hand_diff,
    available_to_promise_diff,
    reason_enum_id,
    line_number,
    order_id,
    effective_at
)
SELECT
    event.product_id,
    event.facility_id,
    sum(event.on_hand - measured.quantity),
    sum(event.to_promise - measured.quantity),
    max(event.reason_enum_id),
    event.line_number,
    event.order_id,
    event.effective_at
FROM event
LEFT JOIN newest_count
    ON
        event.product_id = newest_count.product_id
        AND event.facility_id = newest_count.facility_id
        AND event.effective_at <= newest_count.as_of
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN newest_count.as_of IS NULL THEN 0
            WHEN newest_count.is_on_hand THEN event.on_hand
            ELSE event.to_promise
        END AS quantity
) AS measured
GROUP BY
    event.product_id,
    event.facility_id,
    event.line_number,
    event.order_id,
    event.effective_at,
    -- What was reserved and left before the count adds up to nothing.
    CASE WHEN newest_count.as_of IS NULL THEN event.reason_enum_id END
HAVING sum(event.on_hand - measured.quantity) <> 0 OR sum(event.to_promise - measured.quantity) <> 0
