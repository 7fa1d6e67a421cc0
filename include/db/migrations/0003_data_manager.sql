-- The data manager: how each feed is read, and a log of every file.
CREATE TABLE data_manager_config (
    config_id identifier PRIMARY KEY,
    description text NOT NULL,
    import_path text NOT NULL,
    file_name_pattern text NOT NULL DEFAULT '*.csv',
    delimiter text NOT NULL DEFAULT ',' CHECK (length(delimiter) = 1),
    default_id_type text NOT NULL DEFAULT 'NETSUITE_PRODUCT_ID',
    snapshot_offset interval NOT NULL DEFAULT '0',
    priority integer NOT NULL DEFAULT 100
);
COMMENT ON COLUMN data_manager_config.import_path IS 'Folder on the SFTP server, relative to the login folder.';
COMMENT ON COLUMN data_manager_config.default_id_type IS 'What idValue means in a file without an idType column.';
COMMENT ON COLUMN data_manager_config.snapshot_offset IS
'How long before its upload a snapshot was taken, for files whose name carries no date and time.';

CREATE TABLE data_manager_log (
    data_manager_log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    config_id identifier NOT NULL REFERENCES data_manager_config,
    status_id text NOT NULL DEFAULT 'CLAIMED' CHECK (status_id IN (
        'CLAIMED', 'PENDING', 'RUNNING', 'FINISHED', 'FINISHED_WITH_ERRORS', 'FAILED', 'CRASHED', 'CANCELLED'
    )),
    import_path text NOT NULL,
    file_name text NOT NULL,
    remote_file_path text NOT NULL,
    file_size bigint NOT NULL,
    file_modified_at timestamptz NOT NULL,
    file_sha256 text,
    as_of timestamptz,
    as_of_source text,
    total_record_count bigint,
    changed_record_count bigint,
    unchanged_record_count bigint,
    superseded_record_count bigint,
    failed_record_count bigint,
    file_header jsonb,
    error_file_path text,
    message text,
    attempts integer NOT NULL DEFAULT 0,
    filed_away boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
);
COMMENT ON TABLE data_manager_log IS 'One row per file taken. The work list: what is PENDING here is still to be done.';
COMMENT ON COLUMN data_manager_log.remote_file_path IS 'Where the file lies now on the SFTP server.';
COMMENT ON COLUMN data_manager_log.as_of IS 'The moment that a snapshot speaks of; as_of_source says how it was found.';
COMMENT ON COLUMN data_manager_log.file_header IS
'The header as written, with the staging column that each field went to: [["Item", "item"], ...].';
COMMENT ON COLUMN data_manager_log.filed_away IS
'The file has been moved to its last folder and its error file written.';
CREATE INDEX ON data_manager_log (config_id, data_manager_log_id) WHERE status_id IN ('CLAIMED', 'PENDING', 'RUNNING');
CREATE INDEX ON data_manager_log (data_manager_log_id) WHERE NOT filed_away;
CREATE INDEX ON data_manager_log (file_sha256, config_id);

CREATE TABLE data_manager_reject (
    data_manager_log_id bigint NOT NULL REFERENCES data_manager_log,
    line_number bigint NOT NULL,
    reason text NOT NULL,
    staged_row jsonb NOT NULL,
    PRIMARY KEY (data_manager_log_id, line_number)
);

INSERT INTO data_manager_config (config_id, description, import_path) VALUES
('RESET_INVENTORY', 'Inventory reset from NetSuite', 'netsuite/inventoryitem/csv');
