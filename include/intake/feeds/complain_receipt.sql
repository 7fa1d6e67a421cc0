-- What shipments have to say against a row. Reads received_item; writes resolved_row.
UPDATE resolved_row
SET complaint = received_item.complaint
FROM received_item
WHERE resolved_row.line_number = received_item.line_number AND received_item.complaint IS NOT NULL
