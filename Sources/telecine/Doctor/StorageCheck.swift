internal import Core
internal import SQL
internal import Service

/// `telecine doctor --storage`: whether rows, objects and received files fit together.
enum StorageCheck {
    private struct Output: Encodable {
        let healthy: Bool
        let orphans: [String]
        let missing: [String]
        let assets: Int
        let objects: Int
    }

    static func run(_ invocation: Invocation) async throws -> ExitCode {
        let settings = try invocation.settings()
        let installation = try await Installation.open(settings, logger: .silent)
        let audit = StorageAudit(
            database: installation.database,
            store: installation.store,
            stagingDirectory: settings.dataDir + "/staging"
        )
        let report: StorageAudit.Report
        do {
            report = try await audit.run()
        } catch {
            await installation.database.close()
            throw error
        }
        await installation.database.close()
        if invocation.isJSON {
            let output = Output(
                healthy: report.isConsistent,
                orphans: report.orphans,
                missing: report.missing,
                assets: report.assets,
                objects: report.objects
            )
            try invocation.console.print(json: output)
        } else {
            for key in report.missing { invocation.console.print("MISSING  \(key)".printable) }
            for key in report.orphans { invocation.console.print("ORPHAN   \(key)".printable) }
            let verdict = report.isConsistent ? "everything fits together." : "see above."
            invocation.console.print("\(report.assets) assets, \(report.objects) objects: \(verdict)")
        }
        return report.isConsistent ? .done : .failed
    }
}
