-- Indexes for what is asked: pages of jobs by their filters, newest first, and what is removed when it is old.
-- Those that nothing read cost each submission and each answer its time.

DROP INDEX jobs_jobspec_data_idx;
DROP INDEX jobs_created_at_idx;
DROP INDEX jobs_status_idx;
CREATE INDEX jobs_created_at_idx ON jobs (created_at, id);
CREATE INDEX jobs_status_idx ON jobs (status, created_at, id);
CREATE INDEX jobs_workflow_idx ON jobs (workflow, created_at, id);

-- The unique index of (job_id, region, model_id, question_id) serves for the job, too.
DROP INDEX executions_job_id_idx;
DROP INDEX executions_region_idx;
DROP INDEX executions_model_id_idx;
DROP INDEX executions_created_at_idx;

DROP INDEX cross_region_executions_created_at_idx;
DROP INDEX cross_region_executions_status_idx;
CREATE INDEX cross_region_executions_created_at_idx ON cross_region_executions (created_at, id);
CREATE INDEX cross_region_executions_status_idx ON cross_region_executions (status, created_at, id);
DROP INDEX region_results_status_idx;

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
