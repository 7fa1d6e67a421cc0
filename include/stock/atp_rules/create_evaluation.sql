-- Makes what an evaluation of the rules is worked out in. Private to the transaction.
CREATE TEMP TABLE rule_in_force (
    rule_number bigint PRIMARY KEY,
    rule_group_id text COLLATE "C" NOT NULL,
    rule_id text COLLATE "C" NOT NULL,
    rule_group_type_id text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    at_channel boolean NOT NULL,
    field_value numeric NOT NULL
) ON COMMIT DROP;

CREATE TEMP TABLE product_profile (
    product_id text COLLATE "C" NOT NULL,
    traits text[] COLLATE "C" NOT NULL
) ON COMMIT DROP;

CREATE TEMP TABLE winning_rule (
    traits text[] COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    rule_number bigint NOT NULL
) ON COMMIT DROP;

CREATE TEMP TABLE value_on_its_way (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    value numeric NOT NULL
) ON COMMIT DROP;

CREATE TEMP TABLE rule_difference (
    product_id text COLLATE "C" NOT NULL,
    facility_id text COLLATE "C" NOT NULL,
    rule_group_type_id text COLLATE "C" NOT NULL,
    from_value numeric NOT NULL,
    to_value numeric NOT NULL,
    rule_group_id text COLLATE "C",
    rule_id text COLLATE "C"
) ON COMMIT DROP
