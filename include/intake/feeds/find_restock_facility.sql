-- A facility may be named by its id, its NetSuite location, or its name if no other has it.
-- Reads facility; writes staged.
UPDATE staged
SET facility_id = coalesce(named.facility_id, trim(named.written))
FROM (
    SELECT
        line.line_number,
        line.named_facility AS written,
        coalesce(by_code.facility_id, by_external.facility_id, by_name.facility_id) AS facility_id
    FROM staged AS line
    LEFT JOIN facility AS by_code ON trim(line.named_facility) = by_code.facility_id
    LEFT JOIN facility AS by_external ON trim(line.named_facility) = by_external.external_id
    LEFT JOIN (
        SELECT
            lower(trim(facility_name)) AS facility_name,
            min(facility_id) AS facility_id
        FROM facility
        WHERE facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
        GROUP BY lower(trim(facility_name))
        HAVING count(*) = 1
    ) AS by_name ON lower(trim(line.named_facility)) = by_name.facility_name
) AS named
WHERE staged.line_number = named.line_number AND trim(named.written) <> ''
