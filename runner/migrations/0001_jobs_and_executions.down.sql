DROP TABLE executions;
DROP TABLE jobs;
DROP FUNCTION notify_job_cancelled();
