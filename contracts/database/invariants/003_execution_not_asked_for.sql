-- rule: A job has executions only for the regions, models and questions of its JobSpec.
-- source: fix plan: 2 regions x 3 models x 2 questions = 12 executions
-- severity: major
-- reads: executions(id, job_id, model_id, question_id, region), jobs(id, jobspec_data, jobspec_id)
SELECT j.jobspec_id AS resource, e.id AS execution, e.region, e.model_id, e.question_id
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (
        coalesce(j.jobspec_data #> '{constraints,regions}' @> to_jsonb(e.region::text), false) IS FALSE
        OR NOT EXISTS (SELECT FROM (
            SELECT DISTINCT CASE jsonb_typeof(entry) WHEN 'string' THEN entry #>> '{}'
                ELSE coalesce(entry ->> 'id', entry ->> 'name') END AS model_id
            FROM jsonb_array_elements(CASE
                WHEN jsonb_typeof(j.jobspec_data -> 'models') = 'array' AND j.jobspec_data -> 'models' <> '[]'
                    THEN j.jobspec_data -> 'models'
                WHEN jsonb_typeof(j.jobspec_data #> '{metadata,models}') = 'array'
                    AND j.jobspec_data #> '{metadata,models}' <> '[]' THEN j.jobspec_data #> '{metadata,models}'
                ELSE jsonb_build_array(coalesce(j.jobspec_data #>> '{metadata,model}', 'llama3.2-1b'))
            END) AS listed (entry)
        ) m WHERE m.model_id = e.model_id)
        OR NOT EXISTS (SELECT FROM (
            SELECT DISTINCT question_id
            FROM jsonb_array_elements_text(CASE
                WHEN jsonb_typeof(j.jobspec_data -> 'questions') = 'array' AND j.jobspec_data -> 'questions' <> '[]'
                    THEN j.jobspec_data -> 'questions'
                ELSE '["default"]'
            END) AS listed (question_id)
        ) q WHERE q.question_id = coalesce(e.question_id, 'default'))
    );
