-- rule: The first response of a region is that of its first completed execution, ordered by model id and question id.
-- source: RegionOutput in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_executions(id, jobspec_id), executions(id, job_id, model_id, output_data, question_id, region, status), jobs(id, jobspec_id, workflow), region_results(cross_region_execution_id, execution_output, region, status)
SELECT j.jobspec_id AS resource, r.region, f.execution, left(r.execution_output ->> 'first_response', 80) AS stored,
    left(f.response, 80) AS first
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN region_results r ON r.cross_region_execution_id = c.id
CROSS JOIN LATERAL (
    SELECT e.id AS execution, e.output_data ->> 'response' AS response
    FROM executions e
    WHERE e.job_id = j.id AND e.region = r.region AND e.status = 'completed'
    ORDER BY e.model_id COLLATE "C", e.question_id COLLATE "C"
    LIMIT 1
) f
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.workflow = 'cross-region' -- executions from before workflow B store their text elsewhere
    AND r.status = 'success'
    AND r.execution_output ->> 'first_response' IS DISTINCT FROM f.response;
