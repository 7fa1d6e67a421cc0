-- Finds each order by what the ERP calls it: Shopify's id, the number in it, or the order's name with or without #.
-- The first of these that names any order counts. Reads shopify_order_line; writes fulfilled_item.
WITH written AS (
    SELECT DISTINCT
        order_id,
        trim(order_id) AS named
    FROM fulfilled_item
    WHERE complaint IS NULL AND trim(order_id) <> ''
),

candidate AS (
    SELECT
        written.order_id,
        1 AS preference,
        line.shop_id,
        line.order_id AS found_order_id
    FROM written
    INNER JOIN shopify_order_line AS line ON written.named = line.order_id
    UNION
    SELECT
        written.order_id,
        2 AS preference,
        line.shop_id,
        line.order_id
    FROM written
    INNER JOIN shopify_order_line AS line ON concat('gid://shopify/Order/', written.named) = line.order_id
    UNION
    SELECT
        written.order_id,
        3 AS preference,
        line.shop_id,
        line.order_id
    FROM written
    INNER JOIN shopify_order_line AS line ON ltrim(written.named, '#') = ltrim(line.order_name, '#')
),

best AS (
    SELECT
        *,
        rank() OVER (PARTITION BY order_id ORDER BY preference) AS place
    FROM candidate
),

found AS (
    SELECT
        order_id,
        count(*) AS orders,
        min(shop_id) AS shop_id,
        min(found_order_id) AS found_order_id,
        string_agg(format('%s in shop %s', found_order_id, shop_id), ', ' ORDER BY shop_id, found_order_id) AS listed
    FROM best
    WHERE place = 1
    GROUP BY order_id
)

UPDATE fulfilled_item
SET
    shop_id = CASE WHEN found.orders = 1 THEN found.shop_id END,
    found_order_id = CASE WHEN found.orders = 1 THEN found.found_order_id END,
    complaint = CASE
        WHEN coalesce(trim(named.order_id), '') = ''
            THEN 'orderId is empty; expected the order''s Shopify id, the number in it, or the order''s name'
        WHEN found.orders IS NULL
            THEN format('orderId %L: no such order; import the order first, then retry this row', named.order_id)
        WHEN found.orders > 1
            THEN format(
                'orderId %L names %s orders: %s; expected one; write the Shopify id of the one that is meant',
                named.order_id, found.orders, found.listed
            )
    END
FROM fulfilled_item AS named
LEFT JOIN found ON named.order_id = found.order_id
WHERE fulfilled_item.line_number = named.line_number AND fulfilled_item.complaint IS NULL
