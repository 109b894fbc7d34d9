-- rule: A job of either workflow is completed if the successful regions reach min_regions and min_success_rate, partial if they reach only min_regions, else failed.
-- source: life-cycle in runner.yaml
-- severity: critical
-- layer: status
-- reads: executions(job_id, region, status), jobs(id, jobspec_data, jobspec_id, status)
SELECT j.jobspec_id AS resource, j.status, n.successes, t.regions, l.min_regions, l.min_success_rate
FROM jobs j
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,min_regions}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,min_regions}')::numeric ELSE 1 END AS min_regions,
        CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,min_success_rate}') = 'number'
            THEN (j.jobspec_data #>> '{constraints,min_success_rate}')::numeric ELSE 0.67 END AS min_success_rate
) l
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(j.jobspec_data #> '{constraints,regions}') = 'array'
        THEN jsonb_array_length(j.jobspec_data #> '{constraints,regions}') ELSE 0 END AS regions
) t
CROSS JOIN LATERAL (
    SELECT count(DISTINCT e.region) AS successes
    FROM executions e
    WHERE e.job_id = j.id AND e.status = 'completed'
        AND j.jobspec_data #> '{constraints,regions}' @> to_jsonb(e.region::text)
) n
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status IN ('completed', 'partial', 'failed')
    AND j.status <> CASE
        WHEN n.successes < l.min_regions THEN 'failed'
        WHEN n.successes < l.min_success_rate * t.regions THEN 'partial'
        ELSE 'completed'
    END;
