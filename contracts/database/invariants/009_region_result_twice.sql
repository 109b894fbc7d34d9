-- rule: A cross-region execution has at most one result for each region.
-- source: schema: region_results_region_key
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), jobs(jobspec_id), region_results(cross_region_execution_id, region)
SELECT j.jobspec_id AS resource, r.region, count(*) AS results
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN region_results r ON r.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
GROUP BY j.jobspec_id, c.id, r.region
HAVING count(*) > 1;
