-- Rows that were refused are nothing to restocks. Reads resolved_row; writes restock_row.
DELETE FROM restock_row
WHERE NOT EXISTS (
    SELECT FROM resolved_row
    WHERE resolved_row.line_number = restock_row.line_number AND resolved_row.usable
)
