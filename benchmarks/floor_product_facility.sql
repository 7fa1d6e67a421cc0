-- The floor of product facility files: the one statement that joins the file and writes the rules. No checks, no
-- rejects, no newer files, no log; marks are left to the table's own triggers.
MERGE INTO product_facility AS rule
USING (
    SELECT
        identified.product_id,
        facility.facility_id,
        raw.safety_stock::numeric AS minimum_stock,
        raw.allow_brokering = 'Y' AS allow_brokering
    FROM raw
    INNER JOIN facility ON raw.facility_id = facility.facility_id
    INNER JOIN good_identification AS identified
        ON
            identified.good_identification_type_id = 'SKU'
            AND raw.product_sku = identified.id_value
) AS said
    ON rule.product_id = said.product_id AND rule.facility_id = said.facility_id
WHEN MATCHED THEN UPDATE SET
    minimum_stock = said.minimum_stock,
    allow_brokering = said.allow_brokering
WHEN NOT MATCHED THEN INSERT (product_id, facility_id, minimum_stock, allow_brokering)
    VALUES (said.product_id, said.facility_id, said.minimum_stock, said.allow_brokering)
