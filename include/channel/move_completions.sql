-- Units that Shopify has moved to another location of the same order after the ERP had completed them are completed
-- there: they are not reserved or handed over again.
-- Reads order_movement; writes shopify_order_item. Moves no stock.
WITH moved AS (
    SELECT
        item.*,
        greatest(0, least(-change.taken_diff, item.completed - greatest(item.taken, item.fulfilled))) AS gives,
        greatest(0, least(change.taken_diff, item.taken - greatest(item.completed, item.issued))) AS takes
    FROM shopify_order_item AS item
    INNER JOIN order_movement AS change
        ON
            item.order_id = change.order_id
            AND item.inventory_item_id = change.inventory_item_id
            AND item.location_id = change.location_id
    WHERE item.shop_id = %(shop_id)s
),

-- Units are lined up, those given and those taken, and meet where the two lines overlap.
lined_up AS (
    SELECT
        order_id,
        inventory_item_id,
        location_id,
        gives,
        takes,
        least(
            sum(gives) OVER whole, sum(takes) OVER whole
        ) AS units,
        sum(gives) OVER up_to_here - gives AS given_before,
        sum(takes) OVER up_to_here - takes AS taken_before
    FROM moved
    WINDOW
        whole AS (PARTITION BY order_id, inventory_item_id),
        up_to_here AS (PARTITION BY order_id, inventory_item_id ORDER BY location_id)
),

change AS (
    SELECT
        order_id,
        inventory_item_id,
        location_id,
        greatest(0, least(takes, units - taken_before)) - greatest(0, least(gives, units - given_before)) AS units
    FROM lined_up
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
