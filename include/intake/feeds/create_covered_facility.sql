-- The products that a snapshot speaks of, per facility, and those of which it sets what is on hand; and how many of its
-- rows were left out as being about kits. Private to the transaction.
CREATE TEMP TABLE covered_facility (
    facility_id text COLLATE "C" NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    on_hand_product_ids text[] COLLATE "C" NOT NULL,
    rows_about_kits bigint NOT NULL
) ON COMMIT DROP
