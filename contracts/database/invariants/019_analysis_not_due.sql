-- rule: A cross-region execution has no analysis if analysis is disabled, if it is unfinished or cancelled, or if fewer than two of its regions succeeded.
-- source: analysis codes in runner.yaml
-- severity: major
-- layer: status
-- reads: cross_region_analyses(cross_region_execution_id), cross_region_executions(enable_analysis, id, jobspec_id, status), jobs(jobspec_id), region_results(cross_region_execution_id, status)
SELECT j.jobspec_id AS resource, c.status, c.enable_analysis, n.successes
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS successes
    FROM region_results r
    WHERE r.cross_region_execution_id = c.id AND r.status = 'success'
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (c.status IN ('running', 'cancelled') OR NOT c.enable_analysis OR n.successes < 2);
