-- rule: The receipt of a completed execution is the one that the router sent with the answer; without one, or where it is no object, the receipt is null.
-- source: ExecutionDetails in runner.yaml
-- severity: major
-- reads: executions(id, job_id, output_data, receipt_data, status), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.receipt_data, e.output_data #> '{metadata,receipt}' AS sent
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND e.status = 'completed'
    AND e.receipt_data IS DISTINCT FROM CASE
        WHEN jsonb_typeof(e.output_data #> '{metadata,receipt}') = 'object' THEN e.output_data #> '{metadata,receipt}'
    END;
