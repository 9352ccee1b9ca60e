import Testing

@Suite("What is fuzzed")
struct FuzzTests {
    private static let inputs = [
        "", "\0", "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", "bytes=0-499", "asset_12", "en\nEnglish\n6000000 1 2",
        "#EXTM3U\n#EXTINF:1,\nhttp://h/a.ts\n", "1/90000\n0,0,3000,K__\n3000,3000,3000,__\n",
        #"{"chapters":[{"start_time":"0.0","end_time":"5.5","tags":{"title":"A --> B"}}]}"#,
        #"{"format":{"format_name":"mp3","tags":{"title":"a"}},"streams":[{"index":0,"tags":{"language":"de"}}]}"#,
        "\0\0\0\u{8}ftyp\0\0\0\u{10}moov\0\0\0\u{8}trak",
        "\u{1}--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--XX--\r\n",
    ]

    @Test("each target keeps its promises for what is meant for it and for others", arguments: Target.allCases)
    func promises(target: Target) {
        // A broken one ends the process, as under libFuzzer.
        for input in Self.inputs { target.run(Array(input.utf8)) }
    }
}
