-- rule: total_regions is the number of target regions.
-- source: CrossRegionExecution in runner.yaml
-- severity: major
-- reads: cross_region_executions(jobspec_id, total_regions), jobs(jobspec_data, jobspec_id)
SELECT j.jobspec_id AS resource, c.total_regions, j.jobspec_data #> '{constraints,regions}' AS regions
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND c.total_regions IS DISTINCT FROM CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,regions}') = 'array' THEN jsonb_array_length(j.jobspec_data #> '{constraints,regions}') END;
