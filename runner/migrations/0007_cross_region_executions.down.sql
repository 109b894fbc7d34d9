-- Takes workflow B away. Jobs and executions stay, those of workflow B as standard jobs; the backfill can rebuild the rest.

ALTER TABLE executions DROP COLUMN cross_region_execution_id;
DROP TABLE cross_region_analyses;
DROP TABLE region_results;
DROP TABLE cross_region_executions;
ALTER TABLE jobs DROP COLUMN workflow;
DROP FUNCTION touch_updated_at();
