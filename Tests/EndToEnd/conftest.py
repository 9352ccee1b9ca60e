"""Fixtures: one shared service for most tests, services of their own for those that break them."""
import pathlib

import pytest
from xdist.scheduler import LoadFileScheduling

from support import accessibility, clips, profiles
from support import browser as chromium
from support.client import Client
from support.service import Service

# Files that take half a minute and more.
LONG = {"test_instant_play", "test_hostile", "test_storage", "test_corpus", "test_kill_workers", "test_kill_server"}
RECORDING = {path.name for path in pathlib.Path(__file__).parent.glob("test_*.py") if "long_video" in path.read_text()}
_running: list[Service] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the last lines of every service that ran during it."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for service in _running:
            report.sections.append((f"log of {service.url or service.folder}", service.tail()))


def pytest_collection_modifyitems(items):
    """First those that play the long recording, then what takes long: processes that share the files end together."""
    items.sort(key=lambda item: (item.path.name not in RECORDING, item.path.stem not in LONG))


class Files(LoadFileScheduling):
    """A file belongs to one process; all that play the long recording to the same, so that it is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "recording" if pathlib.PurePath(file).name in RECORDING else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Files(config, log)


def pytest_report_header(config):
    if clips.corpus() is None:
        return "TELECINE_CORPUS is not set: tests on real files are skipped"
    return f"real files from {clips.corpus()}"


@pytest.fixture(scope="session")
def ladder(tmp_path_factory) -> pathlib.Path:
    """Contract 1's four rungs at x264's fastest preset."""
    return profiles.fast(tmp_path_factory.mktemp("profiles"))


def _start(folder: pathlib.Path, settings: dict, port: int = 0) -> Service:
    service = Service(folder, **settings)
    _running.append(service)
    try:
        return service.start(port)
    except BaseException:
        if service.process is not None and service.process.poll() is None:
            service.kill()
        raise


def _end(service: Service) -> None:
    _running.remove(service)
    if service.process is not None and service.process.poll() is None:
        service.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory, ladder):
    """The service that tests share; each registers an account of its own, so they do not meet."""
    started = _start(tmp_path_factory.mktemp("service"), {"PROFILES_DIR": ladder})
    yield started
    _end(started)


def _starter(tmp_path_factory, ladder):
    mine: list[Service] = []

    def start(port: int = 0, **settings) -> Service:
        started = _start(tmp_path_factory.mktemp("own"), {"PROFILES_DIR": ladder} | settings, port)
        mine.append(started)
        return started

    yield start
    for started in mine:
        _end(started)


@pytest.fixture
def start_service(tmp_path_factory, ladder):
    """Starts services that belong to one test, with the settings it states."""
    yield from _starter(tmp_path_factory, ladder)


@pytest.fixture(scope="module")
def start_service_once(tmp_path_factory, ladder):
    """Starts services that the tests of one file share, with the settings it states."""
    yield from _starter(tmp_path_factory, ladder)


@pytest.fixture
def client(service) -> Client:
    return Client(service.url).register()


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory) -> pathlib.Path:
    """Four seconds of 360p with sound: enough to be a video, quick to process."""
    return clips.make(tmp_path_factory.mktemp("clips") / "small.mp4", 4, size="640x360")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory) -> pathlib.Path:
    """Forty seconds of noisy 720p with sound: seven segments, and rungs that differ in rate."""
    return clips.make(tmp_path_factory.mktemp("clips") / "long.mp4", 40, noise=12)


class Medium:
    """A processed asset of the shared service and the client that owns it."""

    def __init__(self, client: Client, source: pathlib.Path):
        self.client = client
        self.source = source
        self.upload = client.send(source)
        self.asset = client.complete(self.upload)
        self.master = client.stream(self.asset)["masterUrl"]


@pytest.fixture(scope="session")
def long_video(service, long_clip) -> Medium:
    return Medium(Client(service.url).register(), long_clip)


@pytest.fixture(scope="session")
def browser():
    with chromium.launched() as launched:
        yield launched


@pytest.fixture(params=[(scheme, size) for scheme in ("light", "dark") for size in accessibility.SIZES], ids="-".join)
def styled(browser, request):
    """A page in each theme, on a desktop and on a phone."""
    scheme, size = request.param
    context = browser.new_context(
        color_scheme=scheme, viewport=accessibility.SIZES[size], reduced_motion="reduce")
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(browser):
    context = browser.new_context()
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()
