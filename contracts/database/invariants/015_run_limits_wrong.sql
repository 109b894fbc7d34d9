-- rule: min_regions and min_success_rate of a cross-region execution equal those of its stored JobSpec, which default to 1 and 0.67.
-- source: Constraints in runner.yaml
-- severity: major
-- reads: cross_region_executions(jobspec_id, min_regions_required, min_success_rate), jobs(jobspec_data, jobspec_id)
SELECT j.jobspec_id AS resource, c.min_regions_required, l.min_regions AS spec_min_regions, c.min_success_rate,
    l.min_success_rate AS spec_min_success_rate
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,min_regions}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,min_regions}')::numeric ELSE 1 END AS min_regions,
        CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,min_success_rate}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,min_success_rate}')::numeric ELSE 0.67 END AS min_success_rate
) l
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (c.min_regions_required <> l.min_regions OR c.min_success_rate <> l.min_success_rate);
