"""The measurements of endpoints: kept by reporter, raising alarms, and forgotten."""

from proxy.contract.service_id import ServiceId
from tests.topology.fleet import histogram
from topology.evidence.measurements import ALARM_AGAIN, FRESH, Evidence
from topology.evidence.reporter_view import MEMORY, SLOT
from topology.model.samples import CallSample, OpenSample, Side

B, ADDRESS, NOW = ServiceId("b"), "10.0.0.1:80", 1000.0


def calls(count: int = 10, errors: int = 0, seconds: float = 0.1, reporter: str = "a1") -> CallSample:
    return CallSample(Side.CLIENT, "a", "b", reporter, histogram(*[seconds] * count), errors, ADDRESS)


def noted(*samples: CallSample, at: float = NOW) -> Evidence:
    evidence = Evidence()
    for sample in samples:
        evidence.call(B, ADDRESS, sample, at)
    return evidence


def test_each_reporter_is_kept_apart_and_its_slots_add_up() -> None:
    evidence = noted(calls(10, reporter="a1"), calls(5, reporter="a2"))
    record = evidence.of(B)[ADDRESS]
    assert {name: each.since(0).count for name, each in record.reporters.items()} == {"a1": 10, "a2": 5}
    assert evidence.take_touched() == {B}
    assert evidence.take_touched() == set()


def test_failures_alarm_once_and_again_only_after_a_while() -> None:
    evidence = noted(calls(10, errors=10))
    assert evidence.urgent
    evidence.urgent = False
    evidence.call(B, ADDRESS, calls(10, errors=10), NOW + ALARM_AGAIN / 2)
    assert not evidence.urgent
    evidence.call(B, ADDRESS, calls(10, errors=10), NOW + 2 * ALARM_AGAIN)
    assert evidence.urgent


def test_few_failures_among_many_calls_are_no_alarm() -> None:
    evidence = noted(calls(1000), calls(1, errors=1))
    assert not evidence.urgent


def test_a_request_open_for_long_alarms_where_that_is_unusual() -> None:
    evidence = noted(calls(10, seconds=0.01))
    evidence.open(B, ADDRESS, OpenSample("a", "b", ADDRESS, "a1", 3, 2.0), NOW)
    assert evidence.urgent
    usual = noted(calls(10, seconds=5.0))
    usual.open(B, ADDRESS, OpenSample("a", "b", ADDRESS, "a1", 3, 2.0), NOW)
    assert not usual.urgent


def test_what_nobody_speaks_of_is_dropped() -> None:
    evidence = noted(calls())
    evidence.sweep(NOW + MEMORY * SLOT / 2)
    assert evidence.of(B)
    evidence.sweep(NOW + MEMORY * SLOT + 1)
    assert not evidence.of(B)


def test_another_instance_at_the_address_begins_without_a_past() -> None:
    evidence = noted(calls())
    evidence.forget(B, ADDRESS)
    assert not evidence.of(B)
    evidence.probe(B, ADDRESS, True, "200", NOW)
    evidence.own_calls(B, ADDRESS, calls(), NOW)
    record = evidence.of(B)[ADDRESS]
    assert record.probed is not None
    assert record.probed.ok
    assert record.served.since(0).count == 10
    assert not record.reporters


def test_a_good_probe_after_a_refused_one_tells_of_a_new_process() -> None:
    evidence = Evidence()
    service = ServiceId("b")

    def back(ok: bool, refused: bool) -> bool:
        evidence.probe(service, "a", ok, "", 0.0, refused=refused)
        probed = evidence.of(service)["a"].probed
        assert probed is not None
        return probed.back

    assert [back(True, False), back(False, True), back(False, False), back(True, False)] == [False] * 4
    assert [back(False, True), back(True, False), back(True, False)] == [False, True, False]


def test_the_last_open_requests_of_a_reporter_that_is_gone_expire() -> None:
    evidence = noted(calls(reporter="a1"))
    evidence.open(B, ADDRESS, OpenSample("a", "b", ADDRESS, "a2", 3), NOW)
    record = evidence.of(B)[ADDRESS]
    assert [(name, gauge.count) for name, gauge in record.gauges(NOW + FRESH)] == [("a2", 3)]
    assert not list(record.gauges(NOW + FRESH + 0.1))
