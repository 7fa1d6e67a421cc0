-- Writes the periods, and for each whose word it is, changed or not: an older file has no say in it.
-- Reads kit_period; writes product_assoc, whose triggers mark the kits that changed and those above them.
MERGE INTO product_assoc AS assoc
USING kit_period AS period
    ON
        assoc.product_id = period.product_id AND assoc.product_id_to = period.product_id_to
        AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
        AND assoc.from_date = period.from_date
WHEN MATCHED AND period.is_over THEN DELETE
WHEN MATCHED AND period.line_number IS NULL THEN UPDATE SET thru_date = period.thru_date
WHEN MATCHED THEN UPDATE SET
    quantity = period.quantity,
    thru_date = period.thru_date,
    as_of = %(as_of)s,
    file_modified_at = %(file_modified_at)s,
    file_name = %(file_name)s,
    data_manager_log_id = %(data_manager_log_id)s,
    line_number = period.line_number
WHEN NOT MATCHED THEN INSERT (
    product_id, product_id_to, product_assoc_type_id, quantity, from_date, thru_date,
    as_of, file_modified_at, file_name, data_manager_log_id, line_number
) VALUES (
    period.product_id, period.product_id_to, 'PRODUCT_COMPONENT', period.quantity, period.from_date, period.thru_date,
    %(as_of)s, %(file_modified_at)s, %(file_name)s, %(data_manager_log_id)s, period.line_number
)
