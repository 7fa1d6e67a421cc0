-- The planned batches that go by file are put into files of so many bytes, give or take a batch.
-- Writes outbox_file, outbox_batch.
WITH part AS (
    SELECT
        outbox_batch_id,
        sum(octet_length(variables)) OVER (ORDER BY outbox_batch_id) / %(most_bytes)s AS part_number
    FROM outbox_batch
    WHERE shop_id = %(shop_id)s AND status_id = 'PLANNED' AND transport = 'BULK' AND outbox_file_id IS NULL
),

numbered AS (
    SELECT
        part_number,
        nextval(pg_get_serial_sequence('outbox_file', 'outbox_file_id')) AS outbox_file_id
    FROM (SELECT DISTINCT part_number FROM part ORDER BY part_number) AS each_part
),

built AS (
    INSERT INTO outbox_file (outbox_file_id, shop_id) OVERRIDING SYSTEM VALUE
    SELECT
        outbox_file_id,
        %(shop_id)s
    FROM numbered
)

UPDATE outbox_batch AS batch
SET outbox_file_id = numbered.outbox_file_id
FROM part
INNER JOIN numbered ON part.part_number = numbered.part_number
WHERE batch.outbox_batch_id = part.outbox_batch_id
