-- Shipments on their way to a facility, what has been received of them, and restocks that wait for their moment.
CREATE TABLE shipment_type (
    shipment_type_id text PRIMARY KEY,
    is_incoming boolean NOT NULL,
    initial_status_id text NOT NULL,
    description text NOT NULL
);
COMMENT ON TABLE shipment_type IS 'Kinds of shipment that a file may name. Only an incoming one can be received.';
COMMENT ON COLUMN shipment_type.initial_status_id IS 'The status of a shipment whose file names none.';

CREATE TABLE shipment_status (
    status_id text PRIMARY KEY,
    description text NOT NULL
);
INSERT INTO shipment_status (status_id, description) VALUES
('PURCH_SHIP_CREATED', 'Announced'),
('PURCH_SHIP_SHIPPED', 'On its way'),
('PURCH_SHIP_RECEIVED', 'Received: nothing is open'),
('SHIPMENT_INPUT', 'Being entered'),
('SHIPMENT_APPROVED', 'Approved'),
('SHIPMENT_SCHEDULED', 'Scheduled'),
('SHIPMENT_PICKED', 'Picked'),
('SHIPMENT_PACKED', 'Packed'),
('SHIPMENT_SHIPPED', 'Has left'),
('SHIPMENT_DELIVERED', 'Delivered'),
('SHIPMENT_CANCELLED', 'Cancelled: cannot be received');
INSERT INTO shipment_type (shipment_type_id, is_incoming, initial_status_id, description) VALUES
('INCOMING_SHIPMENT', TRUE, 'PURCH_SHIP_SHIPPED', 'Incoming'),
('IN_TRANSFER', TRUE, 'PURCH_SHIP_SHIPPED', 'Transfer from another facility'),
('PURCHASE_SHIPMENT', TRUE, 'PURCH_SHIP_SHIPPED', 'Purchase from a supplier'),
('SALES_RETURN', TRUE, 'PURCH_SHIP_SHIPPED', 'Return by a customer'),
('OUT_TRANSFER', FALSE, 'SHIPMENT_SHIPPED', 'Transfer to another facility'),
('SALES_SHIPMENT', FALSE, 'SHIPMENT_SHIPPED', 'Sale to a customer');
ALTER TABLE shipment_type ADD FOREIGN KEY (initial_status_id) REFERENCES shipment_status;

CREATE SEQUENCE shipment_id_seq START 10000;
CREATE TABLE shipment (
    shipment_id identifier PRIMARY KEY DEFAULT 'TS' || nextval('shipment_id_seq'),
    external_id identifier UNIQUE,
    shipment_type_id text NOT NULL REFERENCES shipment_type,
    status_id text NOT NULL REFERENCES shipment_status,
    origin_facility_id text,
    supplier_id text,
    supplier_external_id text,
    destination_facility_id identifier NOT NULL REFERENCES facility,
    tracking_numbers text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '{}',
    as_of timestamptz NOT NULL,
    data_manager_log_id bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE shipment IS 'Units on their way. A shipment is no stock: only what is received of it is.';
COMMENT ON COLUMN shipment.shipment_id IS 'As the file names it, else TS and a number.';
COMMENT ON COLUMN shipment.origin_facility_id IS
'A facility of ours, or whatever else the file says of where it comes from: a vendor''s warehouse, say.';
COMMENT ON COLUMN shipment.as_of IS 'The moment of the newest file that spoke of it.';

CREATE TABLE shipment_item (
    shipment_id identifier NOT NULL REFERENCES shipment,
    shipment_item_seq_id identifier NOT NULL,
    product_id identifier NOT NULL REFERENCES product,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    item_external_id identifier,
    item_key text COLLATE "C" NOT NULL
    GENERATED ALWAYS AS (coalesce('item ' || item_external_id, 'product ' || product_id)) STORED,
    order_id identifier,
    serial_numbers text[] NOT NULL DEFAULT '{}',
    as_of timestamptz NOT NULL,
    PRIMARY KEY (shipment_id, shipment_item_seq_id),
    UNIQUE (shipment_id, item_key)
);
CREATE INDEX ON shipment_item (product_id);
COMMENT ON COLUMN shipment_item.item_key IS
'What makes it this item in every file: the sender''s number for it, else its product.';
COMMENT ON COLUMN shipment_item.as_of IS 'The moment of the newest file about it; an older one changes nothing.';

CREATE TABLE shipment_receipt (
    shipment_receipt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shipment_id identifier NOT NULL,
    shipment_item_seq_id identifier NOT NULL,
    product_id identifier NOT NULL,
    facility_id identifier NOT NULL REFERENCES facility,
    quantity_accepted numeric NOT NULL CHECK (quantity_accepted >= 0),
    quantity_rejected numeric NOT NULL CHECK (quantity_rejected >= 0),
    rejection_reason text,
    received_at timestamptz NOT NULL,
    is_in_snapshot boolean NOT NULL,
    receipt_key text,
    data_manager_log_id bigint,
    line_number bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK (quantity_accepted > 0 OR quantity_rejected > 0),
    FOREIGN KEY (shipment_id, shipment_item_seq_id) REFERENCES shipment_item
);
CREATE INDEX ON shipment_receipt (shipment_id, shipment_item_seq_id);
COMMENT ON TABLE shipment_receipt IS
'What has arrived of a shipment''s items. Accepted units are stock, rejected ones are not.';
COMMENT ON COLUMN shipment_receipt.is_in_snapshot IS
'Received before the newest snapshot of its product and facility, whose number holds the units: nothing was posted.';
COMMENT ON COLUMN shipment_receipt.receipt_key IS
'What makes it this receipt if it does not come from a file: the same key again is not received again.';
COMMENT ON COLUMN shipment_receipt.line_number IS 'Line in the file, or position in the receipt.';

CREATE VIEW shipment_item_open AS
SELECT
    item.shipment_id,
    item.shipment_item_seq_id,
    item.product_id,
    item.item_external_id,
    item.quantity,
    coalesce(received.accepted, 0) AS accepted,
    coalesce(received.rejected, 0) AS rejected,
    greatest(item.quantity - coalesce(received.accepted + received.rejected, 0), 0) AS open_quantity
FROM shipment_item AS item
LEFT JOIN LATERAL (
    SELECT
        sum(receipt.quantity_accepted) AS accepted,
        sum(receipt.quantity_rejected) AS rejected
    FROM shipment_receipt AS receipt
    WHERE
        receipt.shipment_id = item.shipment_id
        AND receipt.shipment_item_seq_id = item.shipment_item_seq_id
) AS received ON TRUE;
COMMENT ON VIEW shipment_item_open IS 'The items of shipments with what has arrived of them and what has not.';

CREATE TABLE scheduled_restock (
    shipment_id identifier PRIMARY KEY REFERENCES shipment,
    restock_name text NOT NULL,
    facility_id identifier NOT NULL REFERENCES facility,
    shop_id identifier NOT NULL REFERENCES shopify_shop,
    product_store_id text,
    scheduled_at timestamptz NOT NULL,
    requested_name text COLLATE "C" NOT NULL,
    requested_at timestamptz NOT NULL,
    status_id text NOT NULL DEFAULT 'SCHEDULED' CHECK (status_id IN ('SCHEDULED', 'RECEIVED', 'CANCELLED')),
    data_manager_log_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    UNIQUE (requested_name, facility_id, shop_id, requested_at)
);
CREATE INDEX ON scheduled_restock (scheduled_at) WHERE status_id = 'SCHEDULED';
COMMENT ON TABLE scheduled_restock IS 'Shipments that are received by themselves at a set moment.';
COMMENT ON COLUMN scheduled_restock.requested_at IS
'The moment that its file asked for. With requested_name it makes it this restock in every file, though it may since
have been renamed or rescheduled.';
COMMENT ON COLUMN scheduled_restock.closed_at IS 'When it was received or cancelled.';

CREATE FUNCTION as_moment(written text, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN
        trim(written) !~
        '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$'
        OR NOT pg_input_is_valid(trim(written), 'timestamptz')
        THEN NULL
    WHEN trim(written) ~ '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$'
        THEN trim(written)::timestamptz
    ELSE trim(written)::timestamp AT TIME ZONE zone
END
$$;
COMMENT ON FUNCTION as_moment IS
'The moment that a file means by a date and time such as 2026-11-20T09:00 or 2026-11-20 09:00:00+02:00, or NULL. In the
given time zone where it names none.';
