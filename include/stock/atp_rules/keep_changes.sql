-- Freezes what each new file says. Reads rule_difference; writes rule_change.
INSERT INTO rule_change
(rule_file_id, product_id, facility_id, from_value, to_value, rule_group_id, rule_id)
SELECT
    file.rule_file_id,
    difference.product_id,
    difference.facility_id,
    difference.from_value,
    difference.to_value,
    difference.rule_group_id,
    difference.rule_id
FROM rule_difference AS difference
INNER JOIN rule_file AS file
    ON difference.rule_group_type_id = file.rule_group_type_id AND file.rule_file_id = any(%(rule_file_ids)s)
