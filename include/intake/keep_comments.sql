-- What was said with each row goes with its movement into the ledger. Reads staged; writes movement.
UPDATE movement
SET description = trim(staged.comments)
FROM staged
WHERE movement.line_number = staged.line_number AND trim(staged.comments) <> ''
