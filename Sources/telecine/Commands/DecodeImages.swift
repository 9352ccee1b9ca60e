internal import Media

/// `telecine image-helper`: what workers start to have pictures decoded.
enum DecodeImages {
    static let command = Command(
        name: "image-helper",
        summary: "Decode the pictures that come by standard input; workers start it.",
        isHidden: true,
        run: { _ in
            try await ImageHelper.serve()
            return .done
        }
    )
}
