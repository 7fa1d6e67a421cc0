-- What shipments have to say against a row. Reads shipment_row; writes resolved_row.
UPDATE resolved_row
SET complaint = shipment_row.complaint
FROM shipment_row
WHERE resolved_row.line_number = shipment_row.line_number AND shipment_row.complaint IS NOT NULL
