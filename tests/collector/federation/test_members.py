"""Members as rows: what a collector publishes, and how others are known and lost."""

from collector.federation.members import AGAIN, LOST, OwnMembers, RemoteMembers
from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from topology.registry.sources import Member

BACK_ID, CART = ServiceId("back"), ServiceId("cart")


def test_a_collector_is_lost_by_silence() -> None:
    row = [1000, "A", "r", "back", True, ["10.0.0.1:80"], ["healthy"], [""], ["b1"], ["v1"], ["z1"]]
    beat = [1001, "A", "r", "", False, [], [], [], [], [], []]
    remote = RemoteMembers("B", "x")
    (member,) = remote.take([row], 0.0)["A"][BACK_ID]
    assert (member.address, member.instance, member.zone) == ("10.0.0.1:80", "b1", "z1")
    assert remote.take([beat], LOST - 1) == {}
    assert remote.take([row, beat], LOST - 1) == {}  # nothing new: the overlap of two looks
    assert remote.take([], 1.0) == {"A": {}}
    assert remote.collectors == 0


def test_a_later_row_replaces_and_removes_what_an_earlier_one_said() -> None:
    columns = [["10.0.0.1:80"], ["flying"], [""], ["b1"], ["v1"], ["z1"]]
    remote = RemoteMembers("B", "x")
    (member,) = remote.take([[1000, "A", "r", "back", True, *columns]], 0.0)["A"][BACK_ID]
    assert member.state is EndpointState.UNREADY  # a state of a newer release
    assert remote.take([[1001, "A", "r", "back", False, [], [], [], [], [], []]], 1.0) == {"A": {}}


def test_rows_under_the_own_name_are_those_of_a_namesake_if_the_run_is_another() -> None:
    row = [1000, "B", "x", "back", True, ["10.0.0.1:80"], ["healthy"], [""], ["b1"], ["v1"], ["z1"]]
    remote = RemoteMembers("B", "x")
    assert remote.take([row], 0.0) == {}
    assert not remote.namesake
    remote.take([[1000, "B", "y", *row[3:]]], 0.0)
    assert remote.namesake


def published(own: OwnMembers, now: float, *members: Member) -> list[tuple[str, bool]]:
    """Services of the rows stored at this time, and whether each is there."""
    services = {each.service: (each,) for each in members}
    columns = own.columns(services, now)
    own.confirm(services, now)
    return [(str(name), there) for name, there in zip(columns["Service"], columns["Present"], strict=True)]


def test_changes_are_published_at_once_and_everything_once_in_a_while() -> None:
    own, back, cart = OwnMembers("A", "r"), Member(BACK_ID, "10.0.0.1:80"), Member(CART, "10.0.0.2:80")
    assert published(own, 0.0, back) == [("", False), ("back", True)]
    assert published(own, 1.0, back) == [("", False)]  # a sign of life
    assert published(own, 2.0, cart) == [("", False), ("back", False), ("cart", True)]
    assert published(own, AGAIN, cart) == [("", False), ("cart", True)]


def test_what_could_not_be_stored_is_published_again() -> None:
    own, members = OwnMembers("A", "r"), {BACK_ID: (Member(BACK_ID, "10.0.0.1:80"),)}
    assert own.columns(members, 0.0)["Service"] == own.columns(members, 1.0)["Service"]
    assert [str(name) for name in own.columns(members, 2.0)["Service"]] == ["", "back"]


def test_an_application_on_a_loopback_address_is_not_told_to_other_machines() -> None:
    apps = ("127.0.0.1:1", "10.0.0.1:1")
    members = {BACK_ID: tuple(Member(BACK_ID, "10.0.0.1:80", app=app) for app in apps)}
    assert OwnMembers("A", "r").columns(members, 0.0)["App"] == [[], ["", "10.0.0.1:1"]]
