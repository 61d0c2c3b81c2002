"""One name for each database and broker of which conventions and SDKs have several. Pure.

Source: OpenTelemetry semantic conventions 1.24 to 1.30 (``db.system``, ``db.system.name``,
``messaging.system``), and what instrumentations write that keep to none of them (Sequelize, TypeORM,
Mongoose, botocore).
"""

from typing import Final

# Of a database the name that most SDKs still send, as it is shorter, of a broker the newest.
_SYSTEMS: Final = {
    name: system
    for system, names in {
        "cosmosdb": ("azure.cosmosdb",),
        "db2": ("ibm.db2",),
        "dynamodb": ("aws.dynamodb",),
        "firebird": ("firebirdsql",),
        "hanadb": ("sap.hana",),
        "informix": ("ibm.informix",),
        "ingres": ("actian.ingres",),
        "maxdb": ("sap.maxdb",),
        "mongodb": ("mongo", "mongoose"),
        "mssql": ("microsoft.sql_server", "sqlserver"),
        "netezza": ("ibm.netezza",),
        "oracle": ("oracle.db",),
        "postgresql": ("postgres",),
        "redshift": ("aws.redshift",),
        "spanner": ("gcp.spanner",),
        "aws_sqs": ("amazonsqs", "aws.sqs", "sqs"),
        "aws.sns": ("amazonsns", "aws_sns", "sns"),
        "gcp_pubsub": ("gcp.pubsub", "pubsub"),
    }.items()
    for name in names
}


def system_name(text: str) -> str:
    """Return the one name of a database or broker; empty for an empty text."""
    name = text.lower()
    return _SYSTEMS.get(name, name)
