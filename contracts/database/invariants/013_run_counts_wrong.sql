-- rule: When a cross-region execution has ended, success_count is its number of successful regions and failure_count the number of its other regions.
-- source: CrossRegionExecution in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_executions(failure_count, id, jobspec_id, status, success_count, total_regions), jobs(jobspec_id), region_results(cross_region_execution_id, status)
SELECT j.jobspec_id AS resource, c.success_count, c.failure_count, c.total_regions, n.successes
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
CROSS JOIN LATERAL (
    SELECT count(*) AS successes
    FROM region_results r
    WHERE r.cross_region_execution_id = c.id AND r.status = 'success'
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND c.status <> 'running'
    AND (c.success_count <> n.successes OR c.failure_count <> c.total_regions - n.successes);
