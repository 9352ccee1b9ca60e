"""Contract 1's published code, unmodified but for host, token and file, against the running service."""
import json
import pathlib
import re
import subprocess

import pytest

from support import browser as chromium
from support import clips
from support.client import PASSWORD, Client
from support.wait import until

CODE = pathlib.Path(__file__).parent / "contract1"


@pytest.fixture
def clip(long_clip, small_clip):
    """The real camera clip where there is one, a made one otherwise."""
    return clips.real("v-1080p25-camera.mp4") if clips.corpus() else small_clip


def test_the_complete_flow_ends_with_a_playable_master(service, client, clip):
    command = ["node", CODE / "run-flow.mjs", service.url, client.token, clip]
    result = subprocess.run(command, capture_output=True, text=True, timeout=580)
    assert result.returncode == 0, result.stderr
    handed = json.loads(result.stdout)
    assert handed["type"] == "application/x-mpegURL"
    assert clips.count_frames(handed["src"]) == clips.count_frames(clip)


def test_the_flow_in_the_fixture_is_the_contracts_own():
    """Guards against helpful edits: the snippets still carry the contract's own hosts and token."""
    flow = (CODE / "flow.js").read_text()
    assert flow.count("http://localhost:3001/") == 3 and flow.count("http://localhost:3002/") == 1
    assert flow.count("Bearer YOUR_JWT_TOKEN") == 4


@pytest.fixture
def signed_in(page, service):
    someone = Client(service.url).register()
    chromium.sign_in(page, service.url, someone.email, PASSWORD)
    return someone


def callback(source: str, opening: str, closing: str) -> str:
    """The body of a function in a component, letter by letter."""
    text = (CODE / source).read_text()
    match = re.search(re.escape(opening) + r"(.*?)" + re.escape(closing), text, re.DOTALL)
    assert match, f"{source} has no {opening}"
    return match.group(1)


def library() -> str:
    return (CODE / "axios-and-videojs.js").read_text()


def test_the_react_uploader_works_in_a_page_with_the_cookie(page, signed_in, clip):
    body = callback("react-uploader.jsx", "const uploadFile = useCallback(async () => {", "\n  }, [file]);")
    page.evaluate("() => { const i = document.createElement('input'); i.type = 'file'; i.id = 'contract-file';"
                  " document.body.append(i); }")
    page.set_input_files("#contract-file", clip)
    shown = page.evaluate(f"""async () => {{
        {library()}
        const file = document.getElementById('contract-file').files[0];
        const shown = {{progress: [], status: [], asset: null}};
        const setProgress = (value) => shown.progress.push(value);
        const setStatus = (value) => shown.status.push(value);
        const setAssetId = (value) => {{ shown.asset = value; }};
        await (async () => {{ {body} }})();
        return {{...shown, requests}};
    }}""")
    assert shown["status"][-1] == "Complete", shown
    assert shown["progress"][-1] == 100
    assert re.fullmatch(r"asset_\d+", shown["asset"])
    assert all(request["status"] < 300 for request in shown["requests"]), shown["requests"]


def test_the_next_player_plays_and_reports_in_a_page_with_the_cookie(page, signed_in, clip):
    asset = signed_in.complete(signed_in.send(clip))
    closing = "\n    };\n    \n    getStreamingUrl();"
    body = callback("next-player.jsx", "const getStreamingUrl = async () => {", closing)
    page.evaluate(f"""async () => {{
        {library()}
        window.contractRequests = requests;
        window.contractVideo = document.createElement('video');
        document.body.append(contractVideo);
        const videoRef = {{current: contractVideo}}, playerRef = {{current: null}}, assetId = '{asset}';
        await (async () => {{ {body} }})();
        await contractVideo.play();
    }}""")
    until("time to advance", lambda: page.evaluate("contractVideo.currentTime") > 0.5)
    page.evaluate("() => { contractVideo.currentTime = 1; }")
    page.evaluate("contractVideo.pause()")
    events = f"/api/media/{asset}/events"

    def reported():
        sent = page.evaluate("contractRequests")
        statuses = [request["status"] for request in sent if request["url"] == events]
        return len(statuses) >= 4 and statuses

    statuses = until("the events play, seeking, seeked, pause", reported)
    assert set(statuses) == {204}
    counted = signed_in.get(f"/api/media/{asset}/analytics").json()
    assert counted["totals"]["views"] == 1 and counted["totals"]["watchTime"] > 0.3
