"""What tests against moto share: the stack's table, made from template.yaml."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from smsgateway.store.table import Table
from tests import aws


@pytest.fixture
def in_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto in place of AWS, for as long as the test runs."""
    for name, value in aws.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@pytest.fixture
def table(in_aws: None) -> Table:
    """The template's table, behind a client that refuses what DynamoDB refuses."""
    return aws.create_table(aws.dynamodb())
