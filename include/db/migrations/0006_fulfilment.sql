-- What the ERP says has left: order lines by the numbers it knows them by, and each fulfilment counted once.
CREATE TABLE shopify_order_line (
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    order_id identifier NOT NULL,
    order_item_seq_id identifier NOT NULL,
    line_item_id identifier NOT NULL,
    inventory_item_id identifier,
    quantity integer NOT NULL CHECK (quantity >= 0),
    order_name text NOT NULL,
    PRIMARY KEY (order_id, shop_id, order_item_seq_id),
    UNIQUE (order_id, shop_id, line_item_id)
);
CREATE INDEX ON shopify_order_line (ltrim(order_name, '#'));
COMMENT ON TABLE shopify_order_line IS
'The lines of imported orders. A line keeps its number for ever, whatever is added to the order or taken from it.';
COMMENT ON COLUMN shopify_order_line.order_item_seq_id IS
'What the ERP calls the line: 00001, 00002 ... in the order of Shopify''s line item ids.';
COMMENT ON COLUMN shopify_order_line.inventory_item_id IS 'NULL for a custom item, of which nobody keeps stock.';
COMMENT ON COLUMN shopify_order_line.quantity IS
'The most units that an import has seen of it: what was taken off the order later may have left before.';

CREATE TABLE item_fulfilment (
    item_fulfilment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id identifier NOT NULL,
    order_id identifier NOT NULL,
    order_item_seq_id identifier NOT NULL,
    facility_id identifier NOT NULL REFERENCES facility,
    quantity integer NOT NULL CHECK (quantity > 0),
    shipped_at timestamptz NOT NULL,
    tracking_number text NOT NULL,
    data_manager_log_id bigint NOT NULL,
    line_number bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (order_id, shop_id, order_item_seq_id) REFERENCES shopify_order_line
);
COMMENT ON TABLE item_fulfilment IS
'Units that the ERP says have left a facility, each fulfilment once however often it was sent.';
COMMENT ON COLUMN item_fulfilment.tracking_number IS 'Empty if the parcel has none.';
-- A fulfilment is known by its parcel; without a tracking number, by its moment and quantity.
CREATE UNIQUE INDEX item_fulfilment_identity ON item_fulfilment (
    order_id,
    shop_id,
    order_item_seq_id,
    facility_id,
    tracking_number,
    (CASE WHEN tracking_number = '' THEN shipped_at END),
    (CASE WHEN tracking_number = '' THEN quantity END)
) NULLS NOT DISTINCT;

ALTER TABLE shopify_order_item
ADD COLUMN completed integer NOT NULL DEFAULT 0,
ADD COLUMN handed_over integer NOT NULL DEFAULT 0,
ADD COLUMN reserved_at timestamptz,
ADD COLUMN handed_over_at timestamptz;
COMMENT ON COLUMN shopify_order_item.reserved IS
'Units that the stock ledger has reserved, those included that have left since. Less than taken while product or
location is not mapped; what is still held back is reserved - issued.';
COMMENT ON COLUMN shopify_order_item.issued IS
'Units whose reservation has ended because they have left, whoever said so: Shopify or the ERP.';
COMMENT ON COLUMN shopify_order_item.completed IS 'Units that the ERP says have left, from wherever.';
COMMENT ON COLUMN shopify_order_item.handed_over IS
'Units that have left the store where they were reserved by Shopify''s word alone, until the ERP says more.';
COMMENT ON COLUMN shopify_order_item.reserved_at IS 'When the ledger first reserved for it.';
COMMENT ON COLUMN shopify_order_item.handed_over_at IS 'When the ledger first handed over for it.';

DROP INDEX shopify_order_item_shop_id_order_id_idx;
CREATE INDEX ON shopify_order_item (shop_id, order_id)
WHERE issued <> greatest(fulfilled, completed) OR reserved <> greatest(taken, issued);
CREATE INDEX ON shopify_order_item (order_id);

ALTER TABLE inventory_snapshot
ADD COLUMN on_hand_product_ids text[] COLLATE "C" NOT NULL DEFAULT '{}';
COMMENT ON COLUMN inventory_snapshot.on_hand_product_ids IS
'Those of product_ids whose quantity on hand was set; of the others it was what is available to promise.';

-- Orders imported before this migration have no lines yet. Shopify shows an app the orders of 60 days.
UPDATE shopify_shop SET orders_read_through = orders_read_through - interval '60 days';
