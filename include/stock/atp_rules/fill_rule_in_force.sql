-- Numbers the active rules of active groups in the order in which they are tried.
-- Reads rule_group, rule_group_type, decision_rule; writes rule_in_force.
INSERT INTO rule_in_force (rule_number, rule_group_id, rule_id, rule_group_type_id, field, at_channel, field_value)
SELECT
    row_number() OVER (ORDER BY rule_group.sequence_num, decision_rule.sequence_num) AS rule_number,
    decision_rule.rule_group_id,
    decision_rule.rule_id,
    rule_group_type.rule_group_type_id,
    rule_group_type.field,
    rule_group_type.at_channel,
    decision_rule.field_value
FROM decision_rule
INNER JOIN rule_group ON decision_rule.rule_group_id = rule_group.rule_group_id
INNER JOIN rule_group_type ON rule_group.rule_group_type_id = rule_group_type.rule_group_type_id
WHERE decision_rule.status_id = 'ACTIVE' AND rule_group.status_id = 'ACTIVE'
