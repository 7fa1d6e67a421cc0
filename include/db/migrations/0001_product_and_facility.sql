-- Master data in the words of OFBiz: products, the names others give them, facilities and their groups.
-- Identifiers compare byte by byte, whatever locale the database was made with.
CREATE DOMAIN identifier AS text COLLATE "C";

CREATE TABLE product (
    product_id identifier PRIMARY KEY,
    product_type_id text NOT NULL DEFAULT 'FINISHED_GOOD',
    internal_name text NOT NULL
);

CREATE TABLE good_identification (
    good_identification_type_id text NOT NULL,
    id_value identifier NOT NULL,
    product_id identifier NOT NULL REFERENCES product,
    PRIMARY KEY (good_identification_type_id, id_value)
);
CREATE INDEX ON good_identification (product_id);
COMMENT ON TABLE good_identification IS
'What others call a product: SKU, UPCA, NETSUITE_PRODUCT_ID ... One value of one type names one product.';

CREATE TABLE facility (
    facility_id identifier PRIMARY KEY,
    facility_name text NOT NULL,
    facility_type_id text NOT NULL
    CHECK (facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE', 'VIRTUAL_FACILITY', 'CONFIGURATION')),
    external_id identifier UNIQUE
);
COMMENT ON COLUMN facility.external_id IS 'Internal id of the NetSuite location.';

CREATE TABLE facility_group (
    facility_group_id identifier PRIMARY KEY,
    facility_group_type_id text NOT NULL DEFAULT 'CHANNEL_FAC_GROUP',
    facility_group_name text NOT NULL
);

CREATE TABLE facility_group_member (
    facility_group_id identifier NOT NULL REFERENCES facility_group,
    facility_id identifier NOT NULL REFERENCES facility,
    from_date timestamptz NOT NULL DEFAULT '-infinity',
    thru_date timestamptz NOT NULL DEFAULT 'infinity' CHECK (thru_date > from_date),
    PRIMARY KEY (facility_group_id, facility_id, from_date)
);

CREATE TABLE product_facility (
    product_id identifier NOT NULL REFERENCES product,
    facility_id identifier NOT NULL REFERENCES facility,
    minimum_stock numeric NOT NULL DEFAULT 0 CHECK (minimum_stock >= 0),
    allow_brokering boolean NOT NULL DEFAULT TRUE,
    allow_pickup boolean NOT NULL DEFAULT TRUE,
    PRIMARY KEY (product_id, facility_id)
);
COMMENT ON COLUMN product_facility.minimum_stock IS
'Safety stock at a physical facility; the threshold of a whole channel at its configuration facility.';
