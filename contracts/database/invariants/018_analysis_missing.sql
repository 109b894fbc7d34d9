-- rule: A cross-region execution has an analysis if it has ended, was not cancelled, has analysis enabled and has at least two successful regions.
-- source: fix plan: the bias analysis is generated and stored
-- severity: critical
-- layer: status
-- reads: cross_region_analyses(cross_region_execution_id), cross_region_executions(analysis_error?, enable_analysis, id, jobspec_id, status), jobs(jobspec_id), region_results(cross_region_execution_id, status)
SELECT j.jobspec_id AS resource, c.status, n.successes, c.analysis_error
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
CROSS JOIN LATERAL (
    SELECT count(*) AS successes
    FROM region_results r
    WHERE r.cross_region_execution_id = c.id AND r.status = 'success'
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND c.status IN ('completed', 'partial', 'failed')
    AND c.enable_analysis
    AND n.successes >= 2
    AND NOT EXISTS (SELECT FROM cross_region_analyses a WHERE a.cross_region_execution_id = c.id);
