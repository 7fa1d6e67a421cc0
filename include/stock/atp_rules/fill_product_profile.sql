-- What the rules can tell products apart by: of each product's tags and features those that some condition names.
-- Products of equal profiles are treated alike, and there are few profiles. A virtual product is never sold itself.
-- Reads rule_in_force, rule_condition, product, product_assoc, product_trait; writes product_profile.
WITH relevant AS (
    SELECT DISTINCT concat(condition.field_name, ':', value.name) AS trait
    FROM rule_in_force AS rule
    INNER JOIN rule_condition AS condition
        ON rule.rule_group_id = condition.rule_group_id AND rule.rule_id = condition.rule_id
    CROSS JOIN LATERAL unnest(condition.field_values) AS value (name)
    WHERE condition.field_name IN ('tags', 'features')
),

profile AS (
    SELECT
        product_trait.product_id,
        array_agg(product_trait.trait ORDER BY product_trait.trait) AS traits
    FROM product_trait
    INNER JOIN relevant ON product_trait.trait = relevant.trait
    GROUP BY product_trait.product_id
)

INSERT INTO product_profile (product_id, traits)
SELECT
    product.product_id,
    coalesce(profile.traits, '{}')
FROM product
LEFT JOIN profile ON product.product_id = profile.product_id
WHERE NOT EXISTS (
    SELECT
    FROM product_assoc AS variant
    WHERE variant.product_id = product.product_id AND variant.product_assoc_type_id = 'PRODUCT_VARIANT'
)
