-- rule: A cross-region execution has region results only for its target regions.
-- source: fix plan: one region_results record for each region
-- severity: major
-- reads: cross_region_executions(id, jobspec_id), jobs(jobspec_data, jobspec_id), region_results(cross_region_execution_id, region)
SELECT j.jobspec_id AS resource, r.region
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN region_results r ON r.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND coalesce(j.jobspec_data #> '{constraints,regions}' @> to_jsonb(r.region::text), false) IS FALSE;
