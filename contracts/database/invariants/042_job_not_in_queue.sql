-- rule: A job that has not ended has an entry in the queue; otherwise no worker will ever run it.
-- source: life-cycle in runner.yaml
-- severity: critical
-- needs: pgqueuer
-- reads: jobs(id, jobspec_id, status), pgqueuer(entrypoint, payload, status)
SELECT j.jobspec_id AS resource, j.status
FROM jobs j
WHERE (%(resources)s::text[] IS NULL OR j.jobspec_id = ANY(%(resources)s))
    AND j.status IN ('queued', 'running')
    AND NOT EXISTS (
        SELECT FROM pgqueuer q
        WHERE q.entrypoint = 'run_job' AND q.payload = convert_to(j.id::text, 'UTF8')
            AND q.status IN ('queued', 'picked')
    );
