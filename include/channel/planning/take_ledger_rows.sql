-- Which rows of the ledger a shop's last plan has not seen, which this one sees: from behind the first number up to the
-- second. Postings commit in the order of their numbers. By numbers that it knows, the planner sees how few they are.
-- Reads inventory_item_detail by its key; writes shopify_shop.
UPDATE shopify_shop
SET ledger_planned_through = newest.detail_id
FROM
    shopify_shop AS before,
    (SELECT coalesce(max(inventory_item_detail_id), 0) AS detail_id FROM inventory_item_detail) AS newest
WHERE shopify_shop.shop_id = %(shop_id)s AND before.shop_id = shopify_shop.shop_id
RETURNING before.ledger_planned_through, newest.detail_id
