-- Remembers what each value was before rules change it for the first time. Reads rule_difference, rule_group_type;
-- writes product_facility_base.
INSERT INTO product_facility_base (product_id, facility_id, field, value)
SELECT
    difference.product_id,
    difference.facility_id,
    type.field,
    difference.from_value
FROM rule_difference AS difference
INNER JOIN rule_group_type AS type ON difference.rule_group_type_id = type.rule_group_type_id
ON CONFLICT (product_id, facility_id, field) DO NOTHING
