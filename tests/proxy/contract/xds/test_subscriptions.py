"""Both ends of xDS bookkeeping against each other, over a wire that delays, and restarts."""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proxy.contract.xds.subscriptions import (
    UNUSABLE,
    WILDCARD,
    Acknowledgement,
    Change,
    Publisher,
    Subscriber,
    SubscriptionRequest,
)
from tests.support.extent import sized

NAMES = tuple("abcde")


class DeltaStream(RuleBasedStateMachine):
    """A client and a server of the delta protocol; ``poison`` is a version the client cannot use."""

    def __init__(self) -> None:
        super().__init__()
        self.catalog: dict[str, str] = {}
        self.version = 0
        self.poison: set[str] = set()
        self.wanted: set[str] = {"a", "b"}
        self.subscriber = Subscriber(self.wanted)
        self.held: dict[str, str] = {}
        self.sent: dict[tuple[str, str], int] = {}
        self.connect()

    def connect(self) -> None:
        self.publisher = Publisher(delta=True)
        self.nonce = 0
        self.up: deque[SubscriptionRequest] = deque([self.subscriber.open()])
        self.down: deque[tuple[str, Change, dict[str, str]]] = deque()
        self.sent = {}

    @rule(name=st.sampled_from(NAMES))
    def resource_changes(self, name: str) -> None:
        self.version += 1
        self.catalog[name] = f"v{self.version}"

    @rule(name=st.sampled_from(NAMES))
    def resource_turns_bad(self, name: str) -> None:
        self.resource_changes(name)
        self.poison.add(self.catalog[name])

    @rule(name=st.sampled_from(NAMES))
    def resource_goes(self, name: str) -> None:
        self.catalog.pop(name, None)

    @rule(names=st.sets(st.sampled_from(NAMES), min_size=1))
    def subscription_changes(self, names: set[str]) -> None:
        ask = self.subscriber.subscribe(names)
        self.wanted = names
        self.held = {name: version for name, version in self.held.items() if name in names}
        if ask is not None:
            self.up.append(ask)

    @rule()
    def stream_breaks(self) -> None:
        self.connect()

    @precondition(lambda self: self.up)
    @rule()
    def server_reads(self) -> None:
        self.publisher.receive_delta(self.up.popleft())

    @rule()
    def server_writes(self) -> None:
        change = self.publisher.due(self.catalog)
        if change is None:
            return
        self.nonce += 1
        versions = {name: self.catalog[name] for name in change.send}
        self.publisher.mark_sent(change, self.catalog, str(self.nonce))
        self.down.append((str(self.nonce), change, versions))

    @precondition(lambda self: self.down)
    @rule()
    def client_reads(self) -> None:
        nonce, change, versions = self.down.popleft()
        good = {name: version for name, version in versions.items() if version not in self.poison}
        for name, version in good.items():
            if name in self.wanted:
                self.held[name] = version
        for name in change.removed:
            self.held.pop(name, None)
        error = "" if good == versions else "cannot be used"
        self.up.append(self.subscriber.acknowledge(nonce, good, change.removed, error))

    @rule()
    def all_is_delivered(self) -> None:
        """Check that the client holds the right versions once the wire is quiet, and nothing more is sent."""
        for name, version in list(self.catalog.items()):
            if version in self.poison:
                self.resource_changes(name)
        for _ in range(60):
            while self.up:
                self.server_reads()
            self.server_writes()
            while self.down:
                self.client_reads()
        assert not self.up
        assert self.publisher.due(self.catalog) is None
        assert self.held == {name: self.catalog[name] for name in self.wanted & self.catalog.keys()}

    @invariant()
    def one_response_at_a_time(self) -> None:
        assert len(self.down) <= 1


TestDeltaStream = DeltaStream.TestCase
TestDeltaStream.settings = settings(max_examples=sized(100, 30), stateful_step_count=40)


def settled(publisher: Publisher, catalog: dict[str, str], nonce: str) -> Change | None:
    change = publisher.due(catalog)
    if change is not None:
        publisher.mark_sent(change, catalog, nonce)
    return change


def test_a_rejected_version_is_not_sent_again_but_the_next_one_is() -> None:
    for delta in (True, False):
        publisher = Publisher(delta=delta)
        if delta:
            publisher.receive_delta(SubscriptionRequest(("a",)))
        else:
            publisher.receive_sotw(["a"], "", "", "")
        assert settled(publisher, {"a": "1"}, "n1") == Change(("a",))
        if delta:
            assert (
                publisher.receive_delta(SubscriptionRequest(nonce="n1", error="bad")) is Acknowledgement.NACK
            )
        else:
            assert publisher.receive_sotw(["a"], "", "n1", "bad") is Acknowledgement.NACK
        assert publisher.due({"a": "1"}) is None
        assert publisher.due({"a": "2"}) == Change(("a",))


def test_a_wildcard_gets_everything_and_what_goes() -> None:
    publisher = Publisher(delta=True)
    publisher.receive_delta(SubscriptionRequest((WILDCARD,), initial={"a": "1", "gone": "7"}))
    assert publisher.resumed
    assert settled(publisher, {"a": "1", "b": "2"}, "n1") == Change(("b",), ("gone",))
    publisher.receive_delta(SubscriptionRequest(nonce="n1"))
    assert publisher.due({"a": "1", "b": "2"}) is None


def test_the_first_delta_request_is_answered_even_with_nothing_and_while_held() -> None:
    publisher = Publisher(delta=True)
    assert publisher.due({"a": "1"}) is None
    publisher.receive_delta(SubscriptionRequest((WILDCARD,), initial={"a": "0"}))
    assert publisher.due({"a": "1"}, hold=True) == Change()
    publisher.mark_sent(Change(), {}, "n1")
    publisher.receive_delta(SubscriptionRequest(nonce="n1"))
    assert publisher.due({"a": "1"}, hold=True) is None
    assert publisher.due({"a": "1"}) == Change(("a",))


def test_a_subscription_to_what_does_not_exist_is_told_once() -> None:
    publisher = Publisher(delta=True)
    publisher.receive_delta(SubscriptionRequest(("x",)))
    assert settled(publisher, {}, "n1") == Change((), ("x",))
    publisher.receive_delta(SubscriptionRequest(nonce="n1"))
    assert publisher.due({}) is None
    assert publisher.due({"x": "1"}) == Change(("x",))


def test_subscribing_again_asks_for_it_again() -> None:
    publisher = Publisher(delta=True)
    publisher.receive_delta(SubscriptionRequest(("a",)))
    settled(publisher, {"a": "1"}, "n1")
    publisher.receive_delta(SubscriptionRequest(("a",), nonce="n1"))
    assert publisher.due({"a": "1"}) == Change(("a",))


def test_state_of_the_world_repeats_clusters_whole_and_endpoints_by_change() -> None:
    for whole, expected in ((True, Change(("a", "b"))), (False, Change(("b",)))):
        publisher = Publisher(delta=False, whole=whole)
        publisher.receive_sotw([] if whole else ["a", "b"], "", "", "")
        settled(publisher, {"a": "1", "b": "1"}, "n1")
        publisher.receive_sotw([] if whole else ["a", "b"], "1", "n1", "")
        assert publisher.due({"a": "1", "b": "1"}) is None
        assert publisher.due({"a": "1", "b": "2"}) == expected


def test_state_of_the_world_ignores_stale_nonces_and_follows_names() -> None:
    publisher = Publisher(delta=False)
    catalog = {"a": "1", "b": "1"}
    publisher.receive_sotw(["a"], "", "", "")
    settled(publisher, catalog, "n1")
    assert publisher.receive_sotw(["a", "b"], "", "n0", "") is Acknowledgement.STALE
    assert publisher.due(catalog) is None
    assert publisher.receive_sotw(["a", "b"], "1", "n1", "") is Acknowledgement.ACK
    assert settled(publisher, catalog, "n2") == Change(("b",))
    publisher.receive_sotw([], "1", "n2", "")  # no names after some names: nothing is wanted any more
    assert publisher.due({"a": "2", "b": "2", "c": "1"}) is None


def test_what_is_wanted_unchanged_asks_for_nothing() -> None:
    subscriber = Subscriber(["a"])
    assert subscriber.subscribe(["a"]) is None
    assert subscriber.subscribe(["b"]) == SubscriptionRequest(("b",), ("a",))
    assert subscriber.acknowledge("n", {"b": "1", "a": "1"}, []) == SubscriptionRequest(nonce="n")
    assert subscriber.open().initial == {"b": "1"}
    assert subscriber.acknowledge("n", {}, ["b"], "bad") == SubscriptionRequest(nonce="n", error="bad")


def test_a_client_keeps_what_routes_lead_to_until_they_do_no_more() -> None:
    publisher = Publisher(delta=True)
    publisher.receive_delta(SubscriptionRequest((WILDCARD,)))
    settled(publisher, {"a": "1", "b": "1", "c": "1"}, "n1")
    publisher.receive_delta(SubscriptionRequest(nonce="n1"))
    after = {"b": "2", "c": UNUSABLE, "d": UNUSABLE}
    assert publisher.due(after, keep=True) == Change(("b", "d"))
    publisher.mark_sent(Change(("b", "d")), after, "n2")
    publisher.receive_delta(SubscriptionRequest(nonce="n2"))
    assert publisher.due(after, keep=True) is None
    assert publisher.due(after) == Change(("c",), ("a",))


def test_a_whole_response_repeats_what_the_client_keeps() -> None:
    publisher = Publisher(delta=False, whole=True)
    publisher.receive_sotw([], "", "", "")
    settled(publisher, {"a": "1", "b": "1"}, "n1")
    publisher.receive_sotw([], "1", "n1", "")
    assert publisher.due({"b": "1"}, keep=True) is None
    both = publisher.due({"b": "1", "c": "1"}, keep=True)
    assert both == Change(("a", "b", "c"))
    publisher.mark_sent(both, {"b": "1", "c": "1"}, "n2")
    publisher.receive_sotw([], "2", "n2", "")
    assert publisher.due({"b": "1", "c": "1"}) == Change(("b", "c"))


def test_a_client_has_accepted_once_it_uses_all_that_it_wants() -> None:
    publisher = Publisher(delta=True)
    assert publisher.accepted({"a": "1"})  # it never asked
    publisher.receive_delta(SubscriptionRequest(("a",)))
    assert not publisher.accepted({"a": "1"})
    settled(publisher, {"a": "1"}, "n1")
    assert not publisher.accepted({"a": "1"})
    publisher.receive_delta(SubscriptionRequest(nonce="n1", error="bad"))
    assert not publisher.accepted({"a": "1"})
    settled(publisher, {"a": "2"}, "n2")
    publisher.receive_delta(SubscriptionRequest(nonce="n2"))
    assert publisher.accepted({"a": "2"})
    assert not publisher.accepted({"a": "3"})


def test_routes_may_lead_to_what_was_answered_for_in_some_usable_version() -> None:
    publisher = Publisher(delta=True)
    publisher.receive_delta(SubscriptionRequest(("a", "b")))
    catalog = {"a": "1", "b": UNUSABLE}
    assert not publisher.ready(catalog)
    settled(publisher, catalog, "n1")
    assert not publisher.ready(catalog)  # under way
    publisher.receive_delta(SubscriptionRequest(nonce="n1", error="a is bad"))
    assert publisher.ready(catalog)  # a rejected resource must not hold up the routes to all others
    newer = {"a": "2", "b": "1"}
    assert not publisher.ready(newer)
    settled(publisher, newer, "n2")
    assert not publisher.ready(newer)
    publisher.receive_delta(SubscriptionRequest(nonce="n2"))
    assert publisher.ready(newer)
    settled(publisher, {"a": "3", "b": "1"}, "n3")
    assert publisher.ready({"a": "3", "b": "1"})
