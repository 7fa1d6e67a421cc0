-- Notes one file for each type of rules that has something to change. Its name says when, and of two files that speak
-- of a value the later one counts: the second is rounded up, to be later than all that is taken into account.
-- Reads rule_difference; writes rule_file.
INSERT INTO rule_file (rule_file_id, rule_group_type_id, file_name, change_count)
OVERRIDING SYSTEM VALUE
SELECT
    numbered.rule_file_id,
    numbered.rule_group_type_id,
    concat(
        'PRODUCT_FACILITY_',
        to_char((clock_timestamp() + '1 second') AT TIME ZONE 'UTC', 'YYYY-MM-DD-HH24-MI-SS'), 'Z-',
        lpad(numbered.rule_file_id::text, 9, '0'), '.csv'
    ),
    numbered.change_count
FROM (
    SELECT
        nextval(pg_get_serial_sequence('rule_file', 'rule_file_id')) AS rule_file_id,
        counted.rule_group_type_id,
        counted.change_count
    FROM (
        SELECT
            rule_group_type_id,
            count(*) AS change_count
        FROM rule_difference
        GROUP BY rule_group_type_id
    ) AS counted
) AS numbered
RETURNING rule_file_id, rule_group_type_id, file_name, change_count
