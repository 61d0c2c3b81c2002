from dashboard.balancing.states import Piece, lanes
from proxy.contract.model import EndpointState
from tests.dashboard.made_mesh import decision

START, END = 1000, 2000
EJECTED = EndpointState.EJECTED


def test_an_ejection_lasts_until_the_next_decision_or_now() -> None:
    told = [
        decision("eject", "a", 1100),
        decision("probation", "a", 1300),
        decision("return", "a", 1400),
        decision("eject", "a", 1900),
    ]
    assert lanes(reversed(told), ["a"], START, END) == [
        (
            "a",
            [
                Piece(1100, 1300, EJECTED, "why"),
                Piece(1300, 1400, EndpointState.PROBATION, "why"),
                Piece(1900, 2000, EJECTED, "why"),
            ],
        )
    ]


def test_of_two_decisions_of_one_moment_the_newer_comes_first_and_holds() -> None:
    newest_first = [
        decision("eject", "a", 1500),
        decision("probation", "a", 1500),
        decision("eject", "a", 1100),
    ]
    (lane,) = lanes(newest_first, ["a"], START, END)
    assert lane == ("a", [Piece(1100, 1500, EJECTED, "why"), Piece(1500, 2000, EJECTED, "why")])


def test_what_began_before_is_cut_and_what_ended_before_is_left_out() -> None:
    told = [decision("eject", "a", 10), decision("eject", "b", 20), decision("return", "b", 30)]
    assert lanes(told, ["a", "b"], START, END) == [
        ("a", [Piece(1000, 2000, EJECTED, "why")]),
        ("b", []),
    ]


def test_other_decisions_change_no_state_and_gone_endpoints_show_what_they_did() -> None:
    told = [decision("eject", "gone", 1500), decision("weight", "a", 1600), decision("stage", "", 1700)]
    assert lanes(told, ["a"], START, END) == [
        ("a", []),
        ("gone", [Piece(1500, 2000, EJECTED, "why")]),
    ]
