/// The filters and tags that bring a source's picture to 8-bit 4:2:0 of a given size (MEDIA, "Encoded grid").
struct PictureFilter {
    let video: VideoStream

    /// From the decoder to a frame of this size.
    func scaled(width: Int, height: Int) -> String {
        if let hdr = video.hdr {
            return "\(hdrInput(hdr, width, height)),format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
                + "zscale=t=bt709:m=bt709:r=tv,format=yuv420p,setsar=1"
        }
        if isWideGamut {
            return "zscale=w=\(width):h=\(height):pin=bt2020:min=2020_ncl:tin=709:p=bt709:m=bt709:t=bt709:r=tv,"
                + "format=yuv420p,setsar=1"
        }
        return "scale=\(width):\(height):flags=bicubic:out_range=tv,format=yuv420p,setsar=1"
    }

    /// Linear light; what the file does not say of its colours is what its transfer function implies.
    private func hdrInput(_ hdr: VideoStream.HighDynamicRange, _ width: Int, _ height: Int) -> String {
        var text = "zscale=w=\(width):h=\(height):t=linear:npl=100"
        if video.colorPrimaries == nil { text += ":pin=bt2020" }
        if video.colorSpace == nil { text += ":min=2020_ncl" }
        if video.colorRange == nil { text += ":rin=tv" }
        return text
    }

    private var isWideGamut: Bool { video.colorSpace == "bt2020nc" || video.colorPrimaries == "bt2020" }

    /// The colour description of the result: the source's own matrix is kept where it is an SDR one, since scaling
    /// does not change it; untagged pictures are what players take them for, by their height.
    var outputColor: (matrix: String, primaries: String, transfer: String) {
        let high = ("bt709", "bt709", "bt709")
        if video.hdr != nil || isWideGamut { return high }
        switch video.colorSpace {
        case "bt709": return high
        case "smpte170m": return ("smpte170m", "smpte170m", "smpte170m")
        case "bt470bg": return ("bt470bg", "bt470bg", "smpte170m")
        default: return video.height >= 720 ? high : ("smpte170m", "smpte170m", "smpte170m")
        }
    }

    var outputTags: [String] {
        let (matrix, primaries, transfer) = outputColor
        return [
            "-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer, "-color_range", "tv",
        ]
    }

    /// Steps before the grid: interlaced pictures become whole ones.
    var deinterlacing: String { video.isInterlaced ? "bwdif=mode=send_frame:deint=interlaced," : "" }
}
