-- Where an execution's receipt has been pinned on IPFS.

ALTER TABLE executions
    ADD COLUMN ipfs_cid       VARCHAR(100),
    ADD COLUMN ipfs_pinned_at TIMESTAMPTZ;
