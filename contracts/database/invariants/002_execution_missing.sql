-- rule: A job has an execution for each region, model and question of its JobSpec as soon as it is accepted.
-- source: fix plan: 2 regions x 3 models x 2 questions = 12 executions
-- severity: critical
-- reads: executions(job_id, model_id, question_id, region), jobs(id, jobspec_data, jobspec_id)
SELECT j.jobspec_id AS resource, r.region, m.model_id, q.question_id
FROM jobs j
CROSS JOIN LATERAL (
    SELECT DISTINCT region
    FROM jsonb_array_elements_text(CASE
        WHEN jsonb_typeof(j.jobspec_data #> '{constraints,regions}') = 'array'
            THEN j.jobspec_data #> '{constraints,regions}'
        ELSE '[]'
    END) AS listed (region)
) r
CROSS JOIN LATERAL (
    SELECT DISTINCT CASE jsonb_typeof(entry) WHEN 'string' THEN entry #>> '{}'
        ELSE coalesce(entry ->> 'id', entry ->> 'name') END AS model_id
    FROM jsonb_array_elements(CASE
        WHEN jsonb_typeof(j.jobspec_data -> 'models') = 'array' AND j.jobspec_data -> 'models' <> '[]'
            THEN j.jobspec_data -> 'models'
        WHEN jsonb_typeof(j.jobspec_data #> '{metadata,models}') = 'array'
            AND j.jobspec_data #> '{metadata,models}' <> '[]' THEN j.jobspec_data #> '{metadata,models}'
        ELSE jsonb_build_array(coalesce(j.jobspec_data #>> '{metadata,model}', 'llama3.2-1b'))
    END) AS listed (entry)
) m
CROSS JOIN LATERAL (
    SELECT DISTINCT question_id
    FROM jsonb_array_elements_text(CASE
        WHEN jsonb_typeof(j.jobspec_data -> 'questions') = 'array' AND j.jobspec_data -> 'questions' <> '[]'
            THEN j.jobspec_data -> 'questions'
        ELSE '["default"]'
    END) AS listed (question_id)
) q
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND NOT EXISTS (
        SELECT FROM executions e
        WHERE e.job_id = j.id AND e.region = r.region AND e.model_id = m.model_id
            AND coalesce(e.question_id, 'default') = q.question_id
    );
