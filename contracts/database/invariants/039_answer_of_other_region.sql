-- rule: A result comes from a provider in its own region.
-- source: regions in runner.yaml
-- severity: critical
-- reads: cross_region_executions(id, jobspec_id), executions(job_id, output_data, region, status), jobs(id, jobspec_id), region_results(cross_region_execution_id, provider_info?, region)
SELECT j.jobspec_id AS resource, t.source, t.region, t.ran_in
FROM jobs j
CROSS JOIN LATERAL (
    SELECT 'executions' AS source, e.region, e.output_data #>> '{metadata,region}' AS ran_in
    FROM executions e WHERE e.job_id = j.id AND e.status = 'completed'
    UNION ALL
    SELECT 'region_results', r.region, r.provider_info ->> 'region'
    FROM cross_region_executions c JOIN region_results r ON r.cross_region_execution_id = c.id
    WHERE c.jobspec_id = j.jobspec_id
) t
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND t.ran_in <> ''
    AND lower(t.ran_in) NOT IN (
        lower(t.region),
        CASE t.region WHEN 'US' THEN 'us-east' WHEN 'EU' THEN 'eu-west' WHEN 'ASIA' THEN 'asia-pacific' ELSE '' END
    );
