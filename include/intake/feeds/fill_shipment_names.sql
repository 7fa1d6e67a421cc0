-- The names that the rows of a file have for shipments, each once. Reads staged; writes shipment_name.
INSERT INTO shipment_name (given_shipment_id, external_id, first_line)
SELECT
    nullif(trim(shipment_id), ''),
    nullif(trim(external_shipment_id), ''),
    min(line_number)
FROM staged
WHERE malformed IS NULL
GROUP BY nullif(trim(shipment_id), ''), nullif(trim(external_shipment_id), '')
