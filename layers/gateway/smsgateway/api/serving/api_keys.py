"""API Gateway's keys: each client's is one, in the stack's usage plan."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """The keys of the stack's API. `usage_plan` gives the plan's id."""

    api_gateway: Callable[[], "APIGatewayClient"]
    usage_plan: Callable[[], str]
    prefix: str  # of the keys' names, for whoever reads the console

    def create(self, name: str, value: str) -> str:
        """Make the key of a client, ready to be used. Its id; on any failure nothing is left behind."""
        client = self.api_gateway()
        key_id = client.create_api_key(name=f"{self.prefix}-{name}", value=value, enabled=True)["id"]
        try:
            client.create_usage_plan_key(usagePlanId=self.usage_plan(), keyId=key_id, keyType="API_KEY")
        except BaseException:
            self.delete(key_id)
            raise
        return key_id

    def delete(self, key_id: str) -> None:
        """Remove a key; one that is gone already is no problem."""
        client = self.api_gateway()
        try:
            client.delete_api_key(apiKey=key_id)
        except client.exceptions.NotFoundException:
            return
