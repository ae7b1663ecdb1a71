"""The endpoints that are asked, and how the outcome is told.

A test runs for each protocol whose specification its docstring cites: `RFC 9725 §…` is WHIP,
`WHEP §…` is draft-ietf-wish-whep-03.
"""

import re

import pytest
from whip_whep.endpoint import Endpoint
from whip_whep.peers import Publisher, Stage, Viewer

CITED = {"whip": "RFC 9725 §", "whep": "WHEP §"}
STRENGTHS = ("must", "implied", "should")
RULE = pytest.StashKey[tuple[str, str, str]]()
OUTCOMES = pytest.StashKey[list[tuple[str, str, str, pytest.TestReport]]]()


def pytest_addoption(parser):
    group = parser.getgroup("WHIP and WHEP")
    group.addoption("--whip", metavar="URL", help="WHIP endpoint to publish to")
    group.addoption("--whep", metavar="URL", help="WHEP endpoint where that is watched")
    group.addoption("--whep-idle", metavar="URL", help="WHEP endpoint where nothing is live")
    group.addoption("--token", help="Bearer token for both")
    group.addoption("--whip-token", metavar="TOKEN", help="for WHIP, in place of --token")
    group.addoption("--whep-token", metavar="TOKEN", help="for WHEP, in place of --token")
    group.addoption("--stranger-token", metavar="TOKEN", help="valid, but of another person")


def pytest_configure(config):
    config.stash[OUTCOMES] = []
    if not (config.option.whip or config.option.whep or config.option.help):
        raise pytest.UsageError("say what to ask: --whip URL, --whep URL, or both")


def pytest_generate_tests(metafunc):
    if "endpoint" in metafunc.fixturenames:
        doc = metafunc.function.__doc__
        cited = [protocol for protocol, citation in CITED.items() if citation in doc]
        metafunc.parametrize("endpoint", cited, indirect=True, scope="session")


def pytest_collection_modifyitems(config, items):
    """Leave out those for an endpoint that was not given."""
    for item in list(items):
        protocol = item.callspec.params["endpoint"]
        item.stash[RULE] = (_strength(item), protocol, _rule(item.function.__doc__, protocol))
        if config.getoption(protocol) is None:
            items.remove(item)
            config.hook.pytest_deselected(items=[item])


def _strength(item):
    return next(name for name in STRENGTHS if item.get_closest_marker(name))


def _rule(doc, protocol):
    """The docstring's first sentence, with the section of this protocol's specification."""
    sections = re.search(re.escape(CITED[protocol]) + r"[\d.]+(?:, [\d.]+)*", doc)[0].rstrip(".")
    sentence = " ".join(doc.split("\n\n")[0].split())
    return f"{sections}: {sentence}"


# Fixtures ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
async def endpoint(request):
    """The endpoint under test; while that is WHEP, something is published if --whip is given."""
    async with _endpoint(request.config, request.param) as endpoint:
        if request.param == "whip" or request.config.option.whip is None:
            yield endpoint
            return
        async with _endpoint(request.config, "whip") as whip:
            endpoint.stage = Stage(whip, endpoint)
            await endpoint.stage.start()
            yield endpoint
            await endpoint.stage.stop()


def _endpoint(config, protocol):
    token = config.getoption(f"{protocol}_token") or config.option.token
    return Endpoint(protocol, config.getoption(protocol), token)


@pytest.fixture(autouse=True)
async def tidy(endpoint):
    yield
    await endpoint.tidy()


@pytest.fixture
async def session(endpoint):
    """A session whose peer never connects."""
    return await endpoint.open()


@pytest.fixture
async def peer(endpoint):
    """A publisher for WHIP, a viewer for WHEP; connect it with `peer.connect(endpoint)`."""
    peer = Publisher() if endpoint.protocol == "whip" else Viewer()
    yield peer
    await peer.close()


@pytest.fixture
def needs_token(endpoint):
    if endpoint.token is None:
        pytest.skip("no token was given: the endpoint may be open to everybody")


@pytest.fixture
def stranger(request):
    if request.config.option.stranger_token is None:
        pytest.skip("no --stranger-token was given")
    return request.config.option.stranger_token


# The outcome ------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" or (report.outcome != "passed" and call.when == "setup"):
        item.config.stash[OUTCOMES].append((*item.stash[RULE], report))
    return report


def pytest_terminal_summary(terminalreporter, config):
    outcomes = config.stash[OUTCOMES]
    write = terminalreporter.write_line
    terminalreporter.section("conformance")
    for protocol in CITED:
        for strength in STRENGTHS:
            reports = [r for s, p, _, r in outcomes if (s, p) == (strength, protocol)]
            passed = sum(report.passed for report in reports)
            applied = sum(not report.skipped for report in reports)
            if reports:
                unused = len(reports) - applied
                write(
                    f"{protocol} {strength:8} {passed:3} of {applied:3} hold, {unused} did not apply"
                )
    for title, attribute in (("did not apply", "skipped"), ("broken", "failed")):
        lines = [_line(title, *outcome) for outcome in outcomes if getattr(outcome[3], attribute)]
        for line in dict.fromkeys(lines):  # once for all parameters
            write(line)


def _line(title, strength, protocol, rule, report):
    why = f" ({report.longrepr[2].removeprefix('Skipped: ')})" if report.skipped else ""
    return f"{title}: {protocol} {strength.upper()} {rule}{why}"
