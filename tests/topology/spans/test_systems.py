"""One name for each database and broker of which conventions and SDKs have several."""

import pytest

from topology.spans import systems


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (("mssql", "microsoft.sql_server", "MSSQL", "sqlserver"), "mssql"),
        (("postgresql", "postgres", "PostgreSQL"), "postgresql"),
        (("mongodb", "mongoose"), "mongodb"),
        (("dynamodb", "aws.dynamodb", "DynamoDB"), "dynamodb"),
        (("AmazonSQS", "aws.sqs", "aws_sqs"), "aws_sqs"),
        (("Kafka", "kafka"), "kafka"),
        (("",), ""),
        (("of-our-own",), "of-our-own"),
    ],
)
def test_every_spelling_is_one_name(texts: tuple[str, ...], name: str) -> None:
    assert {systems.system_name(text) for text in texts} == {name}
