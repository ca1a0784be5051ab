"""AWS's request quotas, per account and region, as lanes with a pace.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

from collections.abc import Mapping

# Requests a second. A call that is not named runs in its service's lane.
LANES: Mapping[str, float] = {
    "lambda:GetFunction": 100,
    "lambda:GetPolicy": 15,
    "lambda": 15,
    "cloudwatch:PutMetricAlarm": 3,
    "cloudwatch:DescribeAlarms": 9,
    "cloudwatch:GetMetricData": 50,
    "cloudwatch": 3,
    "logs:FilterLogEvents": 5,
    "logs:DescribeLogGroups": 10,
    "logs:PutRetentionPolicy": 10,
    "logs": 10,
    "sqs": 50,
    "iam": 15,
    "secretsmanager": 50,
    "ssm": 20,
    "s3": 50,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    "apigateway": 2.5,
    "apigatewayv2": 5,
    "tagging": 10,
    # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-quotas.html
    "application-autoscaling": 10,
}
OTHERWISE = 10.0
# Services that are global to an account: all of its regions share one quota.
GLOBAL_LANES = frozenset({"iam"})
# The part of each quota that is used, unless told otherwise; the rest is left to the users' own deployments.
DEFAULT_SHARE = 0.95
# Accounts and regions are worked on side by side, so many at a time: each has quotas of its own.
SCOPES_AT_ONCE = 16


def lane_of(call: str) -> str:
    """The lane that ``service:Operation`` runs in."""
    if call in LANES:
        return call
    return call.partition(":")[0]


def rate_of(lane: str) -> float:
    """Requests a second that AWS takes in that lane."""
    return LANES.get(lane, OTHERWISE)
