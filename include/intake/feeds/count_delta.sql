-- How many rows were refused or move something; the others are about kits. Reads resolved_row, movement.
SELECT
    (SELECT count(*) FROM resolved_row)
    + (SELECT count(*) FROM movement) AS dealt_with
