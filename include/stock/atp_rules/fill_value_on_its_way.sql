-- What files say that are noted and not imported yet; of several the latest counts.
-- Reads rule_file, rule_change, rule_group_type; writes value_on_its_way.
INSERT INTO value_on_its_way (product_id, facility_id, field, value)
SELECT DISTINCT ON (change.product_id, change.facility_id, type.field)
    change.product_id,
    change.facility_id,
    type.field,
    change.to_value
FROM rule_file AS file
INNER JOIN rule_change AS change ON file.rule_file_id = change.rule_file_id
INNER JOIN rule_group_type AS type ON file.rule_group_type_id = type.rule_group_type_id
WHERE file.status_id = 'PLANNED'
ORDER BY change.product_id ASC, change.facility_id ASC, type.field ASC, file.rule_file_id DESC
