-- The changes of a file by product and facility. Reads rule_change, rule_file, rule_group_type.
SELECT
    change.product_id,
    change.facility_id,
    type.rule_group_type_id,
    type.field,
    change.from_value,
    change.to_value,
    change.rule_group_id,
    change.rule_id
FROM rule_change AS change
INNER JOIN rule_file AS file ON change.rule_file_id = file.rule_file_id
INNER JOIN rule_group_type AS type ON file.rule_group_type_id = type.rule_group_type_id
WHERE change.rule_file_id = %(rule_file_id)s
ORDER BY change.product_id, change.facility_id
