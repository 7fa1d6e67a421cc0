-- Units that Shopify has moved to another location of the same order after the ERP had completed them are completed
-- there: they are neither reserved nor handed over again. Those are meant that Shopify calls fulfilled where they are
-- now, and those for which there is no room any more where they were.
-- Reads order_movement; writes shopify_order_item. Moves no stock.
WITH moved AS (
    SELECT
        item.order_id,
        item.inventory_item_id,
        item.location_id,
        greatest(0, least(-change.taken_diff, item.completed - greatest(item.taken, item.fulfilled))) AS must_give,
        greatest(0, least(-change.taken_diff, item.completed - item.fulfilled)) AS can_give,
        greatest(0, least(change.taken_diff, item.fulfilled - greatest(item.completed, item.issued))) AS must_take,
        greatest(0, least(change.taken_diff, item.taken - greatest(item.completed, item.issued))) AS can_take
    FROM shopify_order_item AS item
    INNER JOIN order_movement AS change
        ON
            item.order_id = change.order_id
            AND item.inventory_item_id = change.inventory_item_id
            AND item.location_id = change.location_id
    WHERE item.shop_id = %(shop_id)s
),

item_total AS (
    SELECT
        order_id,
        inventory_item_id,
        least(sum(can_give), sum(can_take), greatest(sum(must_give), sum(must_take))) AS units
    FROM moved
    GROUP BY order_id, inventory_item_id
),

-- Each side is lined up, what must move before what can, and as much is taken from the front of both.
part AS (
    SELECT
        order_id,
        inventory_item_id,
        location_id,
        side.sign,
        side.units,
        sum(side.units) OVER (
            PARTITION BY order_id, inventory_item_id, side.sign
            ORDER BY side.is_must DESC, location_id ASC
            ROWS UNBOUNDED PRECEDING
        ) - side.units AS before
    FROM moved
    CROSS JOIN LATERAL (
        VALUES
        (-1, TRUE, must_give),
        (-1, FALSE, can_give - must_give),
        (1, TRUE, must_take),
        (1, FALSE, can_take - must_take)
    ) AS side (sign, is_must, units)
),

change AS (
    SELECT
        part.order_id,
        part.inventory_item_id,
        part.location_id,
        sum(part.sign * greatest(0, least(part.units, item_total.units - part.before)))::integer AS units
    FROM part
    INNER JOIN item_total
        ON part.order_id = item_total.order_id AND part.inventory_item_id = item_total.inventory_item_id
    GROUP BY part.order_id, part.inventory_item_id, part.location_id
)

UPDATE shopify_order_item AS item
SET
    completed = item.completed + change.units,
    issued = item.issued + change.units,
    reserved = item.reserved + change.units
FROM change
WHERE
    item.shop_id = %(shop_id)s
    AND item.order_id = change.order_id
    AND item.inventory_item_id = change.inventory_item_id
    AND item.location_id = change.location_id
    AND change.units <> 0
