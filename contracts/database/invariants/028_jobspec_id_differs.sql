-- rule: The stored JobSpec has the job's id both as id and as jobspec_id.
-- source: StoredJobSpec in runner.yaml
-- severity: major
-- reads: jobs(jobspec_data, jobspec_id)
SELECT j.jobspec_id AS resource, j.jobspec_data ->> 'id' AS id, j.jobspec_data ->> 'jobspec_id' AS jobspec_id
FROM jobs j
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND (
        j.jobspec_data ->> 'id' IS DISTINCT FROM j.jobspec_id
        OR j.jobspec_data ->> 'jobspec_id' IS DISTINCT FROM j.jobspec_id
    );
