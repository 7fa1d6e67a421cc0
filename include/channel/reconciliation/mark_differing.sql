-- Marks the levels of some locations that an export shows to be other than believed, or does not show at all. What is
-- under way or in quarantine is left alone. Answers levels compared, and levels marked now or before.
-- Reads exported_level, shopify_shop_product; writes inventory_level, inventory_observation.
WITH compared AS (
    SELECT
        level.inventory_item_id,
        level.location_id,
        level.to_observe,
        (
            level.to_observe
            OR coalesce(exported.available <> level.position, TRUE)
        ) AS is_to_observe
    FROM inventory_level AS level
    INNER JOIN shopify_shop_product AS mapped
        ON level.shop_id = mapped.shop_id AND level.inventory_item_id = mapped.inventory_item_id
    LEFT JOIN exported_level AS exported
        ON level.inventory_item_id = exported.inventory_item_id AND level.location_id = exported.location_id
    WHERE
        level.shop_id = %(shop_id)s
        AND level.location_id IN (SELECT unnest(%(location_ids)s::text[]))
        AND level.outbox_batch_id IS NULL
        AND level.quarantine_reason IS NULL
),

marked AS (
    UPDATE inventory_level AS level
    SET to_observe = TRUE
    FROM compared
    WHERE
        level.shop_id = %(shop_id)s
        AND level.inventory_item_id = compared.inventory_item_id
        AND level.location_id = compared.location_id
        AND compared.is_to_observe AND NOT compared.to_observe
),

counted AS (
    SELECT
        count(*)::integer AS levels,
        count(*) FILTER (WHERE is_to_observe)::integer AS differing
    FROM compared
)

UPDATE inventory_observation AS observation
SET
    levels = observation.levels + counted.levels - counted.differing,
    agreed = observation.agreed + counted.levels - counted.differing
FROM counted
WHERE observation.inventory_observation_id = %(observation_id)s
RETURNING counted.levels, counted.differing
