-- rule: Factual consistency and narrative divergence add up to 1, within rounding.
-- source: x-beacon-analysis in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(cross_region_execution_id, factual_consistency, narrative_divergence), cross_region_executions(id, jobspec_id), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, a.factual_consistency, a.narrative_divergence
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND abs(a.factual_consistency + a.narrative_divergence - 1) > 0.01;
