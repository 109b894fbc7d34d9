-- rule: A cross-region execution has at most one analysis.
-- source: schema: cross_region_analyses_cross_region_execution_id_key
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(cross_region_execution_id), cross_region_executions(id, jobspec_id), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, count(*) AS analyses
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
GROUP BY j.jobspec_id, c.id
HAVING count(*) > 1;
