-- Products and facilities for the files of the benchmarks. Writes facility, product, good_identification.
INSERT INTO facility (facility_id, facility_name, facility_type_id, external_id)
SELECT
    'STORE_' || number,
    'Store ' || number,
    'RETAIL_STORE',
    number::text
FROM generate_series(1, %(facilities)s) AS each (number);

INSERT INTO product (product_id, internal_name)
SELECT
    number::text,
    'Product ' || number
FROM generate_series(100000, 99999 + %(products)s) AS each (number);

INSERT INTO good_identification (good_identification_type_id, id_value, product_id)
SELECT
    kind.good_identification_type_id,
    kind.prefix || product.product_id,
    product.product_id
FROM product
CROSS JOIN (VALUES ('NETSUITE_PRODUCT_ID', ''), ('SKU', 'SKU-')) AS kind (good_identification_type_id, prefix)
