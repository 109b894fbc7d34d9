ALTER TABLE executions
    DROP COLUMN ipfs_pinned_at,
    DROP COLUMN ipfs_cid;
