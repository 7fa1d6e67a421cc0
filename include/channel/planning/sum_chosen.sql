-- What a plan would do in all. Reads chosen_row, outbox_plan, shopify_shop.
SELECT
    count(chosen.delta)::integer AS plan_rows,
    sum(greatest(chosen.delta, 0)) AS units_up,
    sum(greatest(-chosen.delta, 0)) AS units_down,
    shop.approval_least_rows,
    shop.approval_share,
    shop.approval_location_share,
    shop.approval_rows_factor,
    shop.transport,
    shop.bulk_least_rows,
    (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY usual.plan_rows)
        FROM (
            SELECT plan.plan_rows
            FROM outbox_plan AS plan
            WHERE plan.shop_id = shop.shop_id AND plan.status_id IN ('RELEASED', 'APPROVED')
            ORDER BY plan.outbox_plan_id DESC
            LIMIT 20
        ) AS usual
        HAVING count(*) >= 5
    ) AS usual_rows
FROM shopify_shop AS shop
LEFT JOIN chosen_row AS chosen ON TRUE
WHERE shop.shop_id = %(shop_id)s
GROUP BY shop.shop_id
