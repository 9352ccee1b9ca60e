#!/usr/bin/env python3
"""Writes the inputs that fuzzing starts from: small real files of ffmpeg's, and texts as clients send them.

    Fuzz/seeds.py FOLDER      one folder a target is made in FOLDER
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

FORM = (b"--XX\r\nContent-Disposition: form-data; name=\"chunk\"; filename=\"blob\"\r\n"
        b"Content-Type: application/octet-stream\r\n\r\nbytes\r\n--X\r\n\r\n--XX\r\n"
        b"Content-Disposition: form-data; name=\"n\"; filename*=UTF-8''na%C3%AFve.mp4\r\n\r\n1\r\n--XX--\r\n")

TEXTS: dict[str, list[bytes]] = {
    "multipart": [b"\x01" + FORM, b"\x07preamble\r\n" + FORM + b"epilogue", b"\x40--XX--"],
    "head": [
        b"/media/asset_12/stream?token=a%20b&c=d+e", b"http://localhost:3000/a%2Fb/c", b"*", b"bytes=0-499",
        b"bytes=-500", b"bytes=9223372036854775807-", b"Sun, 06 Nov 1994 08:49:37 GMT", b"\"a\", W/\"b,c\", *",
        b"Host:h\nContent-Length:12\nExpect:100-continue\nX-Forwarded-For:1.2.3.4, [::1]:80, 127.0.0.1",
        b"Host:h\nTransfer-Encoding:chunked", b"multipart/form-data; boundary=\"a\\\"b\"; charset=utf-8",
    ],
    "tus": [
        b"filename d29ybGQ=,is_confidential", b"partial", b"sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", b"crc32 8x3k0w==",
        b"final;/api/v1/videos/tus/0a1b2c3d-0000-4000-8000-000000000001 "
        b"http://h/api/v1/videos/tus/0a1b2c3d-0000-4000-8000-000000000002",
    ],
    "tokens": [
        b"A" * 48, b"asset_12", b"0a1b2c3d-0000-4000-8000-000000000001", b"10.0.0.0/8", b"::ffff:1.2.3.4/96",
        b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3MDAwMDAwMDB9.AAAA", b"YQ==", b"00ff",
    ],
    "json": [
        b'{"filename":"a.mp4","fileSize":12,"metadata":{"a":[1,2.5,null,true,"\\u00e9"]}}', b"[[[[1e400]]]]",
        b'{"width":640,"height":360,"videoBitrate":"600k","audioBitrate":96000,"preset":"fast","frameRate":29.97}',
    ],
    "captions": [
        b"WEBVTT\n\nSTYLE\n::cue{}\n\n1\n00:00:01.000 --> 00:00:02.500 align:start\n<v A><b>Hi</b> &amp; you\n",
        b"1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}<font color=\"red\">Hi</font>\r\n", b"\xff\xfe1\x00\n\x00",
    ],
    "metadata": [
        b'{"chapters":[{"start_time":"0.0","end_time":"5.5","tags":{"title":"A --> B"}},{"start_time":"5.5",'
        b'"end_time":"1e300"}]}',
        b'{"format":{"format_name":"mp3","tags":{"TITLE":"a\\u202eb","date":"2020"}},"streams":[{"index":0,'
        b'"tags":{"language":"pt_BR"}}]}',
        b"Summary:\n  Integrated loudness:\n    I:  -23.0 LUFS\n  LRA: 1.0 LU\n  True peak:\n    Peak: -inf dBFS\n",
    ],
    "playlists": [
        b"en\nEnglish\n6000000 6006000 2000000", b"\"\r\n#EXT-X-KEY:METHOD=NONE\n\x85\n0 1 1099511627776",
        b"#EXTM3U\n#EXT-X-MAP:URI=\"file:///etc/passwd\"\n#EXTINF:1,\nhttp://h/a.ts\n",
        b"ffconcat version 1.0\nfile a\n",
        b"\xef\xbb\xbf<?xml version=\"1.0\"?><MPD>", b"[playlist]\nFile1=http://h/a\n",
    ],
    "fields": [b"sha-256=:YQ==:;a=1, md5=:YQ==:", b"?1;x", b"12345", b"en-Latn-GB"],
    "packets": [b"1/90000\n0,0,3000,K__\n3000,3000,3000,__\n9000,6000,3000,__D\n", b"1001/30000\nN/A,7,1,K\n8,8,,__\n"],
}

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1"]
SOUND = ["-f", "lavfi", "-i", "sine=duration=1"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "5", "-crf", "45"]
COPYABLE = PICTURE + SOUND + H264 + ["-bf", "2", "-c:a", "aac", "-b:a", "16k"]
FRAGMENTED = ["-movflags", "+frag_keyframe+empty_moov+delay_moov+default_base_moof+frag_discont", "-use_editlist", "1"]

MOVIES = {
    "plain.mp4": COPYABLE,
    "front.mp4": COPYABLE + ["-movflags", "faststart"],
    "late.mov": COPYABLE + ["-output_ts_offset", "3", "-movflags", "faststart"],
    "sound.mp4": SOUND + ["-c:a", "aac", "-b:a", "16k"],
    "hybrid.mp4": COPYABLE + ["-movflags", "frag_keyframe"],
}
FRAGMENTS = {
    "picture.mp4": PICTURE + H264 + FRAGMENTED,
    "sound.mp4": SOUND + ["-c:a", "aac", "-b:a", "16k", "-movflags",
                          "+frag_every_frame+empty_moov+default_base_moof+cmaf+frag_discont"],
}
PICTURES = ["-f", "lavfi", "-i", "testsrc2=size=32x32:rate=4:duration=1"]
IMAGES = {
    "a.jpg": [*PICTURES, "-frames:v", "1"], "a.png": [*PICTURES, "-frames:v", "1"], "a.gif": PICTURES,
    "a.webp": PICTURES, "a.bmp": [*PICTURES, "-frames:v", "1"],
}


def ffmpeg(*options: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *options], check=True, timeout=60)


def made(folder: pathlib.Path, prefix: bytes, files: dict[str, list[str]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, options in files.items():
            path = pathlib.Path(scratch, name)
            ffmpeg(*options, str(path))
            (folder / name).write_bytes(prefix + path.read_bytes())


def probed(folder: pathlib.Path, source: pathlib.Path) -> None:
    report = subprocess.run(["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(source)],
                            check=True, capture_output=True, timeout=60).stdout
    (folder / "report.json").write_bytes(report)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1])
    shutil.rmtree(root, ignore_errors=True)
    for target in [*TEXTS, "movie", "fragments", "images"]:
        (root / target).mkdir(parents=True)
    for target, texts in TEXTS.items():
        for number, text in enumerate(texts):
            (root / target / f"text-{number}").write_bytes(text)
    made(root / "movie", b"", MOVIES)
    made(root / "fragments", b"\x20", FRAGMENTS)
    made(root / "images", b"", IMAGES)
    probed(root / "packets", root / "movie/front.mp4")
    return 0


if __name__ == "__main__":
    sys.exit(main())
