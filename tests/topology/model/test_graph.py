"""Traffic and nodes of the graph, and the words that the API and stored rows have for them."""

from proxy.contract.api.graph import Edge
from topology.model.graph import Encryption, Kind, Stats


def test_without_traffic_there_is_neither_success_nor_latency() -> None:
    assert (Stats().success, Stats().p99, Stats().rate) == (None, None, 0.0)


def test_the_api_documents_every_word_for_encryption() -> None:
    described = Edge.__annotations__["encrypted"].__metadata__[0].description
    assert described == f"one of {', '.join(Encryption)}"


def test_kinds_of_nodes_keep_the_words_that_the_dashboard_draws() -> None:
    assert list(Kind) == ["service", "database", "queue", "external", "user"]
