-- The differences by type, product and facility, at most so many. Reads rule_difference, rule_group_type.
SELECT
    difference.product_id,
    difference.facility_id,
    difference.rule_group_type_id,
    type.field,
    difference.from_value,
    difference.to_value,
    difference.rule_group_id,
    difference.rule_id
FROM rule_difference AS difference
INNER JOIN rule_group_type AS type ON difference.rule_group_type_id = type.rule_group_type_id
ORDER BY difference.rule_group_type_id, difference.product_id, difference.facility_id
LIMIT %(most)s::bigint
