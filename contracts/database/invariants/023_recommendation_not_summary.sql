-- rule: The recommendation is the risk level in the first line of the summary.
-- source: Summary in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(cross_region_execution_id, recommendation, summary), cross_region_executions(id, jobspec_id), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, a.recommendation, split_part(a.summary, E'\n', 1) AS first_line
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND split_part(a.summary, E'\n', 1) <> '**Risk Level: ' || a.recommendation || '**';
