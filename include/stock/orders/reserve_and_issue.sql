-- What orders have taken is reserved in the queue of their location, as soon as product and location are mapped.
-- A reservation ends once for each unit, by the first of three to know: a store has handed it over; the ERP has said
-- where it left from (see fulfilments.py); or, of an online order that Shopify calls fulfilled, every facility that
-- may have sent it was counted since. What a store's customers bring back is its stock again; what came back to an
-- online location, the ERP has to place.
-- A snapshot is believed to know of a sale once that has reached the ERP, if it is known when that is, else once Trueup
-- knows of it; of a return from its own moment on. What the newest one has measured is left out (docs/adr/0016). Our
-- clock has no say in that: the ERP's or Shopify's may be ahead of it. A reservation changes at its own moment at the
-- earliest, which may lie ahead.
-- A kit takes its components from stock, by the content that was kept with the order.
-- Reads mappings, shopify_order, shopify_order_item_component, inventory_snapshot, inventory_item; writes
-- shopify_order_item, movement.
WITH behind AS (
    SELECT
        item.*,
        shop_product.product_id,
        channel.facility_group_id,
        queue.facility_id AS queue_id,
        queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_virtual,
        CASE
            WHEN queue.facility_type_id <> 'VIRTUAL_FACILITY' AND item.reserved_at IS NULL AND item.issued = 0
                THEN placed.processed_at + shop.sales_reach_erp_after
        END AS sold_at,
        item.returned_at + coalesce(shop.sales_reach_erp_after, interval '0') AS came_back_at
    FROM shopify_order_item AS item
    INNER JOIN shopify_shop AS shop ON item.shop_id = shop.shop_id
    LEFT JOIN shopify_order AS placed ON item.order_id = placed.order_id AND item.shop_id = placed.shop_id
    INNER JOIN shopify_shop_product AS shop_product
        ON
            item.shop_id = shop_product.shop_id
            AND item.inventory_item_id = shop_product.inventory_item_id
    INNER JOIN inventory_channel AS channel
        ON
            item.shop_id = channel.shop_id
            AND item.location_id = channel.location_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    INNER JOIN facility AS queue ON coalesce(item.queue_facility_id, channel.queue_facility_id) = queue.facility_id
    WHERE
        item.issued <> greatest(item.fulfilled, item.completed)
        OR item.reserved <> greatest(item.taken, item.issued)
        OR item.taken_back <> item.returned
),

-- Of a kit, its components have to be counted.
waiting AS (
    SELECT
        behind.shop_id,
        behind.order_id,
        behind.inventory_item_id,
        behind.location_id,
        behind.facility_group_id,
        behind.fulfilled_at,
        coalesce(component.component_id, behind.product_id) AS product_id
    FROM behind
    LEFT JOIN shopify_order_item_component AS component
        ON
            behind.order_id = component.order_id
            AND behind.shop_id = component.shop_id
            AND behind.inventory_item_id = component.inventory_item_id
    WHERE behind.is_virtual AND behind.fulfilled > behind.issued
),

counted AS (
    SELECT
        snapshot.facility_id,
        covered.product_id,
        max(snapshot.as_of) AS as_of
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of > (SELECT min(waiting.fulfilled_at) FROM waiting)
        AND covered.product_id IN (SELECT waiting.product_id FROM waiting)
    GROUP BY snapshot.facility_id, covered.product_id
),

counted_since AS (
    SELECT
        waiting.shop_id,
        waiting.order_id,
        waiting.inventory_item_id,
        waiting.location_id
    FROM waiting
    INNER JOIN facility_group_member AS member
        ON
            waiting.facility_group_id = member.facility_group_id
            AND member.from_date <= now() AND member.thru_date > now()
    LEFT JOIN counted
        ON
            waiting.product_id = counted.product_id
            AND member.facility_id = counted.facility_id
            AND waiting.fulfilled_at < counted.as_of
    LEFT JOIN inventory_item AS stock
        ON waiting.product_id = stock.product_id AND member.facility_id = stock.facility_id
    GROUP BY waiting.shop_id, waiting.order_id, waiting.inventory_item_id, waiting.location_id
    HAVING
        bool_or(counted.as_of IS NOT NULL)
        AND bool_and(
            counted.as_of IS NOT NULL
            OR coalesce(greatest(stock.quantity_on_hand_total, stock.available_to_promise_total), 0) <= 0
        )
),

known AS (
    SELECT
        behind.*,
        CASE
            WHEN NOT behind.is_virtual OR counted_since.order_id IS NOT NULL
                THEN greatest(behind.fulfilled, behind.completed)
            ELSE greatest(behind.completed, least(behind.issued, behind.fulfilled))
        END AS has_left
    FROM behind
    LEFT JOIN counted_since
        ON
            behind.shop_id = counted_since.shop_id
            AND behind.order_id = counted_since.order_id
            AND behind.inventory_item_id = counted_since.inventory_item_id
            AND behind.location_id = counted_since.location_id
),

due AS (
    SELECT
        *,
        greatest(taken, has_left) - reserved AS to_reserve,
        has_left - issued AS to_issue,
        CASE WHEN is_virtual THEN 0 ELSE greatest(0, has_left - (issued - handed_over)) - handed_over END
            AS to_hand_over,
        returned - taken_back AS to_take_back,
        coalesce(sold_at, greatest(heard_at(), reserved_at)) AS effective_at
    FROM known
),

done AS (
    UPDATE shopify_order_item AS item
    SET
        reserved = item.reserved + due.to_reserve,
        issued = item.issued + due.to_issue,
        handed_over = item.handed_over + due.to_hand_over,
        reserved_at = coalesce(item.reserved_at, CASE WHEN due.to_reserve > 0 THEN due.effective_at END),
        handed_over_at = coalesce(item.handed_over_at, CASE WHEN due.to_hand_over > 0 THEN due.effective_at END),
        taken_back = item.returned,
        queue_facility_id = due.queue_id
    FROM due
    WHERE
        item.shop_id = due.shop_id
        AND item.order_id = due.order_id
        AND item.inventory_item_id = due.inventory_item_id
        AND item.location_id = due.location_id
        AND (due.to_reserve <> 0 OR due.to_issue <> 0 OR due.to_take_back <> 0)
),

event AS (
    SELECT
        coalesce(component.component_id, due.product_id) AS product_id,
        due.queue_id AS facility_id,
        due.order_id,
        change.on_hand * coalesce(component.quantity, 1) AS on_hand,
        change.to_promise * coalesce(component.quantity, 1) AS to_promise,
        change.reason_enum_id,
        change.effective_at
    FROM due
    LEFT JOIN shopify_order_item_component AS component
        ON
            due.order_id = component.order_id
            AND due.shop_id = component.shop_id
            AND due.inventory_item_id = component.inventory_item_id
    CROSS JOIN LATERAL (
        VALUES
        (
            0,
            -due.to_reserve,
            CASE WHEN due.to_reserve > 0 THEN 'INV_RES_CREATE' ELSE 'INV_RES_RELEASE' END,
            due.effective_at
        ),
        (-due.to_hand_over, due.to_issue - due.to_hand_over, 'ITEM_ISSUANCE', due.effective_at),
        (
            CASE WHEN due.is_virtual THEN 0 ELSE due.to_take_back END,
            CASE WHEN due.is_virtual THEN 0 ELSE due.to_take_back END,
            'RTN_ITM_RCPT',
            coalesce(due.came_back_at, now())
        )
    ) AS change (on_hand, to_promise, reason_enum_id, effective_at)
    WHERE change.on_hand <> 0 OR change.to_promise <> 0
),

newest_count AS (
    SELECT DISTINCT ON (covered.product_id, snapshot.facility_id)
        covered.product_id,
        snapshot.facility_id,
        snapshot.as_of,
        covered.product_id = any(snapshot.on_hand_product_ids) AS is_on_hand
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of >= (SELECT min(earliest.effective_at) FROM event AS earliest)
        AND snapshot.facility_id IN (SELECT moved.facility_id FROM event AS moved)
        AND covered.product_id IN (SELECT moved.product_id FROM event AS moved)
    ORDER BY
        covered.product_id ASC,
        snapshot.facility_id ASC,
        snapshot.as_of DESC,
        snapshot.data_manager_log_id DESC
)

INSERT INTO movement (
    product_id,
    facility_id,
    quantity_on_hand_diff,
    available_to_promise_diff,
    reason_enum_id,
    order_id,
    effective_at
)
SELECT
    event.product_id,
    event.facility_id,
    sum(event.on_hand - measured.quantity),
    sum(event.to_promise - measured.quantity),
    max(event.reason_enum_id),
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
    event.order_id,
    event.effective_at,
    CASE WHEN newest_count.as_of IS NULL THEN event.reason_enum_id END
