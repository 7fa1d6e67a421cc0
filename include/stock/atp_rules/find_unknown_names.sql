-- Names in conditions that nothing bears, with one that differs only in case where there is one.
-- Reads rule_condition, product_trait, facility, facility_group.
WITH named AS (
    SELECT
        condition.rule_group_id,
        condition.rule_id,
        condition.field_name,
        value.name,
        concat(condition.field_name, ':', value.name) AS trait
    FROM rule_condition AS condition
    CROSS JOIN LATERAL unnest(condition.field_values) AS value (name)
),

borne AS MATERIALIZED (
    SELECT DISTINCT trait FROM product_trait
    UNION ALL
    SELECT concat('facilities:', facility_id) FROM facility
    UNION ALL
    SELECT concat('facility_groups:', facility_group_id) FROM facility_group
)

SELECT
    named.rule_group_id,
    named.rule_id,
    named.field_name,
    named.name,
    (
        SELECT min(substr(borne.trait, length(named.field_name) + 2))
        FROM borne
        WHERE lower(borne.trait) = lower(named.trait)
    ) AS alike
FROM named
WHERE NOT EXISTS (SELECT FROM borne WHERE borne.trait = named.trait)
ORDER BY named.rule_group_id, named.rule_id, named.field_name, named.name
