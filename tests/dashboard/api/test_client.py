import pytest

from dashboard.api.client import ApiError, Client
from tests.support.fake_api import FakeApi


def test_what_the_api_says_is_read() -> None:
    with FakeApi() as api:
        client = Client(api.url)
        assert {node["name"] for node in client.graph()["nodes"]} >= {"frontend", "reviews", "database"}
        assert len(client.endpoints("reviews")) == 3
        assert client.decisions("reviews", 5)[0]["kind"] == "eject"
        assert client.suggestions({"kind": "service", "prefix": "cart"})[0]["value"] == "cart"
        assert len(client.search({"q": '{ resource.service.name = "cart" }', "limit": "5"})["traces"]) == 5
        assert (
            client.compare_attributes({"selection": "errors"})["attributes"][0]["key"]
            == "service.instance.id"
        )
        points = client.series({"service": "cart"}, 0, 60_000_000, 10)
        assert len(points) == 6
        assert client.latency({"service": "cart"}, 0, 1)[0]["low"] == 2


def test_every_page_has_its_reply() -> None:
    """Each is parsed by its route: a route that changed its path or its type fails here."""
    hour = (1_760_000_000_000_000, 1_760_003_600_000_000)
    with FakeApi() as api:
        client = Client(api.url)
        client.ready()
        assert client.service_page("reviews", *hour, 60)["service"] == "reviews"
        assert client.difference(hour, hour)["compared"]["edges"]
        assert client.suspects(*hour, 5)["services"]
        assert {each["service"] for each in client.stages()} >= {"reviews"}
        assert client.services()
        assert client.oldest_unstored() == 0
        [trace] = client.exemplars("{ }", 0, 0, limit="1")
        assert client.log_counts(trace["traceId"], (0, 0))["total"]
        assert client.logs({"trace": trace["traceId"]})["logs"]
        assert client.trace(trace["traceId"])


def test_an_error_of_a_query_says_where_it_is() -> None:
    with FakeApi() as api, pytest.raises(ApiError, match="a duration is compared") as caught:
        Client(api.url).search({"q": '{ duration > "x" }'})
    assert (caught.value.status, caught.value.position) == (400, (14, 3))


def test_a_young_reply_is_shared_and_an_old_one_asked_again() -> None:
    now = [0.0]
    with FakeApi() as api:
        client = Client(api.url, lambda: now[0])
        client.graph()
        client.graph()
        assert api.asked == ["/api/mesh/graph"]
        now[0] = 2.0
        client.graph()
        assert len(api.asked) == 2


def test_a_change_of_stage_is_seen_at_once() -> None:
    with FakeApi() as api:
        client = Client(api.url, lambda: 0.0)
        client.stages()
        assert client.set_stage("reviews", "route", 25)["percent"] == 25
        stage = next(each for each in client.stages() if each["service"] == "reviews")
        assert stage["stage"] == "route"


def test_no_collector_is_one_sentence_and_a_fix() -> None:
    with FakeApi() as api:
        gone = api.url
    with pytest.raises(ApiError, match="does not answer") as caught:
        Client(gone).graph()
    assert "spanmesh up" in caught.value.fix


def test_a_refusal_is_told_in_the_words_of_the_collector() -> None:
    with FakeApi() as api:
        client = Client(api.url)
        with pytest.raises(ApiError, match="unknown service 'nobody'") as caught:
            client.set_stage("nobody", "route", 10)
        assert caught.value.status == 404
        api.status = 503
        with pytest.raises(ApiError, match="told to fail") as caught:
            client.graph()
        assert "log" in caught.value.fix


def test_an_unknown_trace_is_none() -> None:
    with FakeApi() as api:
        assert Client(api.url).trace("0" * 32) is None


def test_something_else_at_the_address_is_named() -> None:
    class Other(FakeApi):
        def answer(self, method: str, target: str, body: object) -> tuple[int, dict[str, object]]:
            return 200, {"hello": ["world"]}

    with Other() as api, pytest.raises(ApiError, match="is not a spanmesh query API"):
        Client(api.url).stages()


def test_the_applications_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeApi() as api, FakeApi() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        Client(api.url).graph()
        assert proxy.asked == []
