-- rule: A job that ended more than a minute ago has no entry in the queue.
-- source: life-cycle in runner.yaml
-- severity: minor
-- needs: pgqueuer
-- reads: jobs(id, jobspec_id, status, updated_at), pgqueuer(entrypoint, id, payload, status)
SELECT j.jobspec_id AS resource, j.status, j.updated_at, q.id AS entry, q.status AS entry_status
FROM jobs j
JOIN pgqueuer q ON q.entrypoint = 'run_job' AND q.payload = convert_to(j.id::text, 'UTF8')
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status NOT IN ('queued', 'running')
    -- The worker removes the entry after the job's last transaction, not in it.
    AND j.updated_at < now() - interval '1 minute'
    AND q.status IN ('queued', 'picked');
