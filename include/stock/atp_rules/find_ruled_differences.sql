-- Values that a rule decides and that product_facility does not have. What is on its way in a file counts as had.
-- Reads product_profile, winning_rule, rule_in_force, product_facility, value_on_its_way; writes rule_difference.
WITH compared AS (
    SELECT
        product_profile.product_id,
        winning_rule.facility_id,
        winning_rule.rule_number,
        coalesce(
            on_its_way.value,
            CASE winning_rule.field
                WHEN 'minimum_stock' THEN coalesce(present.minimum_stock, 0)
                WHEN 'allow_brokering' THEN coalesce(present.allow_brokering, TRUE)::integer
                WHEN 'allow_pickup' THEN coalesce(present.allow_pickup, TRUE)::integer
            END
        ) AS said
    FROM product_profile
    INNER JOIN winning_rule ON product_profile.traits = winning_rule.traits
    LEFT JOIN product_facility AS present
        ON product_profile.product_id = present.product_id AND winning_rule.facility_id = present.facility_id
    LEFT JOIN value_on_its_way AS on_its_way
        ON
            product_profile.product_id = on_its_way.product_id
            AND winning_rule.facility_id = on_its_way.facility_id
            AND winning_rule.field = on_its_way.field
)

INSERT INTO rule_difference
(product_id, facility_id, rule_group_type_id, from_value, to_value, rule_group_id, rule_id)
SELECT
    compared.product_id,
    compared.facility_id,
    rule.rule_group_type_id,
    compared.said,
    rule.field_value,
    rule.rule_group_id,
    rule.rule_id
FROM compared
INNER JOIN rule_in_force AS rule ON compared.rule_number = rule.rule_number
WHERE
    rule.field_value <> compared.said
    AND (%(rule_group_type_id)s::text IS NULL OR rule.rule_group_type_id = %(rule_group_type_id)s)
