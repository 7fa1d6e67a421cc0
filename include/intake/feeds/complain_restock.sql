-- What restocks have to say against a row. Reads restock_row; writes resolved_row.
UPDATE resolved_row
SET complaint = restock_row.complaint
FROM restock_row
WHERE resolved_row.line_number = restock_row.line_number AND restock_row.complaint IS NOT NULL
