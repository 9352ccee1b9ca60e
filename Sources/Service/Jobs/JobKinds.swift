internal import Foundation

/// Every kind of job there is: one line each.
enum JobKinds {
    static let all: [any Job.Type] = [
        PrepareAsset.self, EncodeChunk.self, EncodeSegment.self, CopyStreams.self, EncodeAudio.self, MakePoster.self,
        RemuxMP4.self, DeleteObjects.self, AdoptVersion.self, RemoveVersion.self, MakeSoundFiles.self,
        StripOriginal.self, MakeImages.self, MakeVariant.self, ReadText.self, DrawStoryboard.self, MakePreview.self,
        MeasureLoudness.self, IndexKeyFrames.self, CutClip.self, PublishOnYouTube.self,
    ]

    /// The job behind a stored row; nil when this release does not know its kind.
    static func decode(kind: String, payload: [UInt8]) throws -> (any Job)? {
        guard let type = all.first(where: { $0.kind == kind || $0.formerKinds.contains(kind) }) else { return nil }
        return try JSONDecoder().decode(type, from: Data(payload))
    }
}
