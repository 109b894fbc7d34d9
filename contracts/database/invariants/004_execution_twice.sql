-- rule: A job has at most one execution for each region, model and question.
-- source: schema: executions_triple_key
-- severity: major
-- reads: executions(job_id, model_id, question_id, region), jobs(id, jobspec_id)
SELECT j.jobspec_id AS resource, e.region, e.model_id, coalesce(e.question_id, 'default') AS question_id, count(*) AS rows
FROM jobs j
JOIN executions e ON e.job_id = j.id
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
GROUP BY j.jobspec_id, e.region, e.model_id, coalesce(e.question_id, 'default')
HAVING count(*) > 1;
