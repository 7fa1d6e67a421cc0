-- Rows that were refused are nothing to shipments. Reads resolved_row; writes shipment_row.
DELETE FROM shipment_row
WHERE NOT EXISTS (
    SELECT FROM resolved_row
    WHERE resolved_row.line_number = shipment_row.line_number AND resolved_row.usable
)
