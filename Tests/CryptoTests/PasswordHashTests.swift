import Dispatch
import Testing

@testable import Crypto

@Suite struct PasswordHashTests {
    /// From the reference implementation's own tests.
    private let published =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

    @Test("a published hash is verified, and only with its password")
    func publishedHash() throws {
        #expect(try PasswordHash.verify("password", against: published))
        #expect(try !PasswordHash.verify("Password", against: published))
        #expect(!PasswordHash.needsRehash(published))
    }

    @Test("a password matches its own hash, which no other hash of it equals")
    func roundTrip() throws {
        for password in ["correct horse", "", "a\0b", String(repeating: "ß", count: 500)] {
            let hash = try PasswordHash.hash(password)
            #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
            #expect(try PasswordHash.verify(password, against: hash))
            #expect(try !PasswordHash.verify(password + "x", against: hash))
            #expect(try PasswordHash.hash(password) != hash)
            #expect(!PasswordHash.needsRehash(hash))
        }
        let hash = try PasswordHash.hash("a\0b")
        #expect(try !PasswordHash.verify("a", against: hash))
    }

    @Test("a letter composed of two scalars is the letter of one")
    func composed() throws {
        let hash = try PasswordHash.hash("caf\u{e9}")
        #expect(try PasswordHash.verify("cafe\u{301}", against: hash))
    }

    @Test("without an account no password is right")
    func nobody() throws {
        #expect(try !PasswordHash.verify("password", against: nil))
    }

    @Test("weaker and foreign hashes are to be made anew")
    func needsRehash() {
        #expect(PasswordHash.needsRehash("$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$AAAA"))
        #expect(PasswordHash.needsRehash("$argon2i$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$AAAA"))
        #expect(PasswordHash.needsRehash("$2b$12$abcdefghijklmnopqrstuv"))
    }

    @Test(
        "a stored text that is no hash, or costs too much, is an error and not a wrong password",
        arguments: [
            "", "password", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=19456,t=2,p=1$!$!", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=4000000,p=1$c29tZXNhbHQ$AAAAAAAAAAA",
            "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAA",
        ]
    )
    func unreadable(hash: String) {
        #expect(throws: PasswordHash.Failure.unreadable) { try PasswordHash.verify("password", against: hash) }
    }

    @Test("asynchronous callers get the same answers, and a crowd is told at once that it is one")
    func queued() async throws {
        let hash = try await PasswordHash.hash("secret")
        #expect(try await PasswordHash.verify("secret", against: hash))
        #expect(try await !PasswordHash.verify("other", against: hash))
        // A queue of its own: a crowd in the others' would send other tests away.
        let queue = PasswordHash.Queue()
        let gate = DispatchSemaphore(value: 0)
        let places = PasswordHash.Queue.mostWaiting
        let answers = await withTaskGroup(of: PasswordHash.Failure?.self) { group in
            for _ in 0..<2000 {
                group.addTask {
                    do {
                        try await queue.run { gate.wait() }
                        return nil
                    } catch {
                        return error as? PasswordHash.Failure
                    }
                }
            }
            var answers: [PasswordHash.Failure?] = []
            for await answer in group {
                answers.append(answer)
                // Nobody's turn comes before all others have been told.
                if answers.count == 2000 - places { for _ in 0..<places { gate.signal() } }
            }
            return answers
        }
        #expect(answers.prefix(2000 - places).allSatisfy { $0 == .overloaded })
        #expect(answers.suffix(places).allSatisfy { $0 == nil })
        #expect(try await queue.run { true })
    }
}
