internal import Core
internal import HTTP
internal import Service

/// `/api/admin/jobs`.
extension Administration {
    private struct Count: Encodable {
        let kind: String
        let state: String
        let count: Int
        let oldest: String
    }

    private struct JobLine: Encodable {
        let id: JobID
        let kind: String
        let subject: String
        /// The page of the medium that it works for.
        let watch: String?
        let lane: String
        let state: String
        let attempts: Int
        let crashes: Int
        let reason: String?
        let createdAt: String
        let runAt: String
    }

    private struct Page: Encodable {
        let total: Int
        let page: Int
        let size: Int
        let counts: [Count]
        let jobs: [JobLine]
    }

    @Sendable func jobs(_ request: Request, _ principal: Principal) async throws -> Response {
        let (page, size) = try Self.paging(request)
        let overview = try await catalog.queue.overview(
            state: try Self.choice("state", ["queued", "running", "dead"], in: request),
            kind: request.query.first("kind").flatMap { $0.isEmpty ? nil : $0 },
            page: page,
            limit: size
        )
        return try .json(
            Page(
                total: overview.total,
                page: page,
                size: size,
                counts: overview.counts.map { count in
                    Count(
                        kind: count.kind,
                        state: count.state,
                        count: count.count,
                        oldest: count.oldest.iso8601
                    )
                },
                jobs: overview.jobs.map { job in
                    JobLine(
                        id: job.id,
                        kind: job.kind,
                        subject: job.subject,
                        watch: job.asset.map { "/watch/\($0.contractName)" },
                        lane: job.lane,
                        state: job.state,
                        attempts: job.attempts,
                        crashes: job.crashes,
                        reason: job.reason,
                        createdAt: job.createdAt.iso8601,
                        runAt: job.runAt.iso8601
                    )
                }
            )
        )
    }

    @Sendable func actOnJobs(_ request: Request, _ principal: Principal) async throws -> Response {
        let queue = catalog.queue
        return try await carryOut(
            request,
            by: principal,
            on: "jobs",
            named: "job_",
            [
                "retry": { try await queue.revive(JobID(rawValue: $0)) },
                "forget": { try await queue.forget(JobID(rawValue: $0)) },
            ]
        )
    }
}
