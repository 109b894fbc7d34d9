-- rule: A cross-region execution has a region result for each target region as soon as its job is accepted.
-- source: fix plan: one region_results record for each region
-- severity: critical
-- reads: cross_region_executions(id, jobspec_id), jobs(jobspec_data, jobspec_id), region_results(cross_region_execution_id, region)
SELECT j.jobspec_id AS resource, s.region
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
CROSS JOIN LATERAL (
    SELECT DISTINCT region
    FROM jsonb_array_elements_text(CASE
        WHEN jsonb_typeof(j.jobspec_data #> '{constraints,regions}') = 'array'
            THEN j.jobspec_data #> '{constraints,regions}'
        ELSE '[]'
    END) AS listed (region)
) s
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND NOT EXISTS (SELECT FROM region_results r WHERE r.cross_region_execution_id = c.id AND r.region = s.region);
