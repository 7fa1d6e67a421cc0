-- How many values each rule changes, in the order of the rules; those that go back to their base come last.
-- Reads rule_difference, rule_in_force.
SELECT
    difference.rule_group_type_id,
    difference.rule_group_id,
    difference.rule_id,
    count(*) AS changes
FROM rule_difference AS difference
LEFT JOIN rule_in_force AS rule
    ON difference.rule_group_id = rule.rule_group_id AND difference.rule_id = rule.rule_id
GROUP BY difference.rule_group_type_id, difference.rule_group_id, difference.rule_id, rule.rule_number
ORDER BY rule.rule_number ASC NULLS LAST, difference.rule_group_type_id ASC
