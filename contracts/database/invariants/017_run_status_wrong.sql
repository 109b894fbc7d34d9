-- rule: The status of a cross-region execution follows from its own counts and limits by the same table as the status of a job.
-- source: life-cycle in runner.yaml
-- severity: critical
-- layer: status
-- reads: cross_region_executions(jobspec_id, min_regions_required, min_success_rate, status, success_count, total_regions), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, c.status, c.success_count, c.total_regions, c.min_regions_required, c.min_success_rate
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND c.status IN ('completed', 'partial', 'failed')
    AND c.status <> CASE
        WHEN c.success_count < c.min_regions_required THEN 'failed'
        WHEN c.success_count < c.min_success_rate * c.total_regions THEN 'partial'
        ELSE 'completed'
    END;
