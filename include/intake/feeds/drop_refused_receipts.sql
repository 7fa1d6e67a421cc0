-- Rows that were refused are nothing to shipments. Reads resolved_row; writes received_item.
DELETE FROM received_item
WHERE NOT EXISTS (
    SELECT FROM resolved_row
    WHERE resolved_row.line_number = received_item.line_number AND resolved_row.usable
)
