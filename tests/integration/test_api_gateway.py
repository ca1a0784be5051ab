"""How long API Gateway waits for a function, read from the embedded AWS with --deep and held to by the timeout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Aws
from tests.integration.test_evidence import put_metrics

Deploy = Callable[..., dict[str, Any]]
POLICY = "rules: {timeout: {from_evidence: true, factor: 10}}"


def rest_api(aws: Aws, arn: str, timeout_ms: int) -> str:
    client = aws.client("apigateway")
    api = client.create_rest_api(name="orders")["id"]
    (root,) = client.get_resources(restApiId=api)["items"]
    resource = client.create_resource(restApiId=api, parentId=root["id"], pathPart="orders")["id"]
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "POST"}
    client.put_method(**at, authorizationType="NONE")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, timeoutInMillis=timeout_ms)
    return str(api)


def http_api(aws: Aws, arn: str, timeout_ms: int) -> str:
    client = aws.client("apigatewayv2")
    api = client.create_api(Name="orders", ProtocolType="HTTP")["ApiId"]
    client.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0",
        TimeoutInMillis=timeout_ms,
    )  # fmt: skip
    return str(api)


@pytest.mark.parametrize(("make", "seconds"), [(rest_api, 12), (http_api, 9)], ids=["rest", "http"])
def test_the_timeout_goes_by_how_long_the_api_waits(
    aws: Aws, deploy: Deploy, tmp_path: Path, make: Callable[[Aws, str, int], str], seconds: int
) -> None:
    arn = deploy("f", Timeout=60)["FunctionArn"]
    api = make(aws, arn, seconds * 1000)
    aws.client("lambda").add_permission(
        FunctionName="f", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{aws.account}:{api}/*/POST/orders",
    )  # fmt: skip
    put_metrics(aws, "f", {"Invocations": 500.0, "Duration": 3_000.0})
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    asked = ("plan", "--function", "f", "--policy", str(policy))
    (shallow,) = aws.json(*asked)["functions"][0]["changes"]
    assert shallow["after"] == 30
    plan = aws.json(*asked, "--deep")
    (change,) = plan["functions"][0]["changes"]
    assert change["after"] == seconds
    assert f"apigateway.amazonaws.com {api} gives up after {seconds} s" in change["reason"]
    assert plan["api_calls"]["apigatewayv2:GetIntegrations"] == 1
    assert plan["api_calls"].get("apigateway:GetResources", 0) == (1 if make is rest_api else 0)
