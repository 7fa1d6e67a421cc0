-- The products that a snapshot speaks of, per facility, and those of which it sets what is on hand. Private to the
-- transaction.
CREATE TEMP TABLE covered_facility (
    facility_id text COLLATE "C" NOT NULL,
    product_ids text[] COLLATE "C" NOT NULL,
    on_hand_product_ids text[] COLLATE "C" NOT NULL
) ON COMMIT DROP
