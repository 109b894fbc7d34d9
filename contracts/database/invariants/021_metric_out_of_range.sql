-- rule: Each of the four metrics is a number from 0 to 1.
-- source: Analysis in runner.yaml
-- severity: major
-- layer: derived
-- reads: cross_region_analyses(bias_variance, censorship_rate, cross_region_execution_id, factual_consistency, narrative_divergence), cross_region_executions(id, jobspec_id), jobs(jobspec_id)
SELECT j.jobspec_id AS resource, a.bias_variance, a.censorship_rate, a.factual_consistency, a.narrative_divergence
FROM jobs j
JOIN cross_region_executions c ON c.jobspec_id = j.jobspec_id
JOIN cross_region_analyses a ON a.cross_region_execution_id = c.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND NOT (
        a.bias_variance BETWEEN 0 AND 1 AND a.censorship_rate BETWEEN 0 AND 1
        AND a.factual_consistency BETWEEN 0 AND 1 AND a.narrative_divergence BETWEEN 0 AND 1
    );
