"""The reference stack: a deliberately wasteful Lambda baseline, as a Pulumi program.

Every value that ``lib/optimize.py`` changes after deployment is a config key here with the baseline
as its default, so that the optimized state can be written down and does not have to be drift:

    pulumi config set memorySize 1024

The environment suffix comes from the config key ``environmentSuffix``, else from the variable
``ENVIRONMENT_SUFFIX``, else it is ``dev``.

The stack owns the two secrets that DATABASE_URL and API_KEY come from. Their values are the config
secrets ``databaseUrl`` and ``apiKey``. Where these are not set, the suffix ``dev`` gets the sample
values below, and any other suffix gets secrets without a value, to be filled by their owner.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

import pulumi
from pulumi_aws import cloudwatch, get_caller_identity, get_partition, get_region, iam, lambda_, s3, secretsmanager, sqs

RUNTIME = "python3.12"
FOURTEEN_DAYS_S = 14 * 24 * 3600
DEFAULT_SUFFIX = "dev"
# They lead nowhere (RFC 2606) and are only ever deployed with the suffix above.
SAMPLE_DATABASE_URL = "postgresql://sample@database.example:5432/sample"
SAMPLE_API_KEY = "sample-key-of-the-dev-stack"
TracingMode = Literal["PassThrough", "Active"]
HANDLER = '''"""Answers; fails or sleeps when it is asked to."""

import time


def handler(event, context):
    """``{"fail": true}`` raises; ``{"sleep_ms": N}`` waits; ``{"spin": N}`` computes."""
    if event.get("fail"):
        raise ValueError("asked to fail")
    time.sleep(event.get("sleep_ms", 0) / 1000)
    total = sum(n * n for n in range(event.get("spin", 0)))
    return {"ok": True, "total": total}
'''
SHARED = '''"""What every function of the stack shares."""

VERSION = "1.0.0"
'''


@dataclass(frozen=True, kw_only=True)
class TapStackArgs:
    """The stack's settings; the defaults are the wasteful baseline.

    Memory in MB, timeout in seconds, retention in days (0: never expires). ``reserved_concurrency``
    None reserves nothing. ``database_url`` and ``api_key`` are the secrets' values; None makes the
    secret without a value.
    """

    suffix: str = DEFAULT_SUFFIX
    memory_size: int = 3008
    timeout: int = 300
    tracing_mode: TracingMode = "PassThrough"
    reserved_concurrency: int | None = None
    log_retention_days: int = 0
    dead_letter_queue: bool = False
    alarms: bool = False
    environment_from_secrets: bool = False
    bucket_versioning: bool = True
    log_level: str = "INFO"
    database_url: pulumi.Input[str] | None = field(default=None, repr=False)
    api_key: pulumi.Input[str] | None = field(default=None, repr=False)
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_config(cls) -> TapStackArgs:
        """The settings that the stack's Pulumi config asks for. Raises pulumi.RunError, naming the key."""
        config = pulumi.Config()
        suffix = config.get("environmentSuffix") or os.environ.get("ENVIRONMENT_SUFFIX") or DEFAULT_SUFFIX

        def number(key: str, default: int) -> int:
            given = config.get_int(key)
            return default if given is None else given

        def flag(key: str, default: bool) -> bool:
            given = config.get_bool(key)
            return default if given is None else given

        def secret(key: str, sample: str) -> pulumi.Input[str] | None:
            given = config.get_secret(key)
            if given is None:
                return sample if suffix == DEFAULT_SUFFIX else None
            return given

        return cls(
            suffix=suffix,
            memory_size=number("memorySize", cls.memory_size),
            timeout=number("timeout", cls.timeout),
            tracing_mode=_tracing_mode(config.get("tracingMode") or cls.tracing_mode),
            reserved_concurrency=config.get_int("reservedConcurrency"),
            log_retention_days=number("logRetentionDays", cls.log_retention_days),
            dead_letter_queue=flag("deadLetterQueue", cls.dead_letter_queue),
            alarms=flag("alarms", cls.alarms),
            environment_from_secrets=flag("environmentFromSecrets", cls.environment_from_secrets),
            bucket_versioning=flag("bucketVersioning", cls.bucket_versioning),
            log_level=config.get("logLevel") or cls.log_level,
            database_url=secret("databaseUrl", SAMPLE_DATABASE_URL),
            api_key=secret("apiKey", SAMPLE_API_KEY),
            tags={"managed-by": "pulumi", "environment": suffix},
        )


def _tracing_mode(given: str) -> TracingMode:
    if given not in get_args(TracingMode):
        raise pulumi.RunError(f"tracingMode is {given}: set it to {' or '.join(get_args(TracingMode))}.")
    return cast(TracingMode, given)


class TapStack(pulumi.ComponentResource):
    """Function, log group, deployment bucket, shared layer, role, secrets; queue and alarms when asked for."""

    def __init__(self, name: str, args: TapStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tap:index:TapStack", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.function_name = f"lambda-function-{args.suffix}"
        self.dead_letter_name = f"lambda-dlq-{args.suffix}"
        self._partition = get_partition().partition
        self._account, self._region = get_caller_identity().account_id, get_region().region
        self.dead_letter_arn = f"arn:{self._partition}:sqs:{self._region}:{self._account}:{self.dead_letter_name}"

        self.database_url = self._secret("database-url", args.database_url)
        self.api_key = self._secret("api-key", args.api_key)
        self.role, self._permissions = self._role()
        self.bucket, self._versioning = self._bucket()
        self.layer = self._layer()
        self.log_group = self._log_group()
        self.dead_letter_queue = self._dead_letter_queue() if args.dead_letter_queue else None
        self.function = self._function()
        if args.alarms:
            self._alarms()
        self._export()

    def _secret(self, purpose: str, value: pulumi.Input[str] | None) -> secretsmanager.Secret:
        name = f"{purpose}-{self._args.suffix}"
        # A name in its recovery window cannot be used again: 0 lets the stack be destroyed and made anew.
        secret = secretsmanager.Secret(
            name, name=name, recovery_window_in_days=0, tags=self._args.tags, opts=self._child
        )
        if value is not None:
            secretsmanager.SecretVersion(
                f"{name}-value", secret_id=secret.id, secret_string=pulumi.Output.secret(value), opts=self._child
            )
        return secret

    def _role(self) -> tuple[iam.Role, list[pulumi.Resource]]:
        """The function's role and what it is permitted, each to a named ARN."""
        name = f"lambda-role-{self._args.suffix}"
        assume = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.Role(name, name=name, assume_role_policy=_policy(assume), tags=self._args.tags, opts=self._child)
        managed = {
            "logs": "service-role/AWSLambdaBasicExecutionRole",
            "xray": "AWSXRayDaemonWriteAccess",
        }
        permissions: list[pulumi.Resource] = []
        for purpose, policy in managed.items():
            arn = f"arn:{self._partition}:iam::aws:policy/{policy}"
            permissions.append(
                iam.RolePolicyAttachment(f"{name}-{purpose}", role=role.name, policy_arn=arn, opts=self._child)
            )
        send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": self.dead_letter_arn}
        queue_policy = f"lambda-policy-sqs-{self._args.suffix}"
        permissions.append(
            iam.RolePolicy(queue_policy, name=queue_policy, role=role.name, policy=_policy(send), opts=self._child)
        )
        secrets_policy = f"lambda-policy-secrets-{self._args.suffix}"
        arns = pulumi.Output.all(self.database_url.arn, self.api_key.arn)
        read = arns.apply(
            lambda two: _policy({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": list(two)})
        )
        permissions.append(
            iam.RolePolicy(secrets_policy, name=secrets_policy, role=role.name, policy=read, opts=self._child)
        )
        return role, permissions

    def _bucket(self) -> tuple[s3.Bucket, list[pulumi.Resource]]:
        """The private, encrypted bucket, and its versioning if it is on."""
        # Bucket names are the world's: the account makes this one unique.
        name = f"lambda-deployment-{self._args.suffix}"
        unique = f"{name}-{self._account}-{self._region}"
        bucket = s3.Bucket(name, bucket=unique, force_destroy=True, tags=self._args.tags, opts=self._child)
        versioning: list[pulumi.Resource] = []
        if self._args.bucket_versioning:
            enabled = s3.BucketVersioning(
                f"{name}-versioning",
                bucket=bucket.id,
                versioning_configuration={"status": "Enabled"},
                opts=self._child,
            )
            versioning.append(enabled)
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._child,
        )
        s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        return bucket, versioning

    def _layer(self) -> lambda_.LayerVersion:
        name = f"lambda-layer-shared-{self._args.suffix}"
        code = pulumi.AssetArchive({"python/tap_shared.py": pulumi.StringAsset(SHARED)})
        return lambda_.LayerVersion(
            name, layer_name=name, code=code, compatible_runtimes=[RUNTIME, "python3.11"], opts=self._child
        )

    def _log_group(self) -> cloudwatch.LogGroup:
        name = f"/aws/lambda/{self.function_name}"
        return cloudwatch.LogGroup(
            f"log-group-{self._args.suffix}",
            name=name,
            retention_in_days=self._args.log_retention_days,
            tags=self._args.tags,
            opts=self._child,
        )

    def _dead_letter_queue(self) -> sqs.Queue:
        return sqs.Queue(
            self.dead_letter_name,
            name=self.dead_letter_name,
            message_retention_seconds=FOURTEEN_DAYS_S,
            sqs_managed_sse_enabled=True,
            opts=self._child,
        )

    def _package(self) -> s3.BucketObjectv2:
        # Only an object that is stored after versioning is on has a version of its own.
        return s3.BucketObjectv2(
            f"{self.function_name}-package",
            bucket=self.bucket.id,
            key=f"{self.function_name}.zip",
            source=pulumi.AssetArchive({"index.py": pulumi.StringAsset(HANDLER)}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._versioning),
        )

    def _variables(self) -> dict[str, pulumi.Input[str]]:
        args = self._args
        variables: dict[str, pulumi.Input[str]] = {"ENVIRONMENT": args.suffix, "LOG_LEVEL": args.log_level}
        if not args.environment_from_secrets:
            return variables
        if args.database_url is None or args.api_key is None:
            raise pulumi.RunError(
                "environmentFromSecrets needs both values: pulumi config set --secret databaseUrl (and apiKey)."
            )
        secrets = {"DATABASE_URL": args.database_url, "API_KEY": args.api_key}
        return variables | {name: pulumi.Output.secret(value) for name, value in secrets.items()}

    def _function(self) -> lambda_.Function:
        args, package = self._args, self._package()
        optional: dict[str, Any] = {}
        if args.bucket_versioning:
            # The key stays the same when the code changes: it is the version that tells Lambda.
            optional["s3_object_version"] = package.version_id
        if args.reserved_concurrency is not None:
            optional["reserved_concurrent_executions"] = args.reserved_concurrency
        if self.dead_letter_queue is not None:
            optional["dead_letter_config"] = {"target_arn": self.dead_letter_queue.arn}
        # Lambda makes the log group itself if it comes late, and refuses a queue that the role may not send to.
        first = [self.log_group, *self._permissions]
        return lambda_.Function(
            self.function_name,
            name=self.function_name,
            runtime=RUNTIME,
            handler="index.handler",
            role=self.role.arn,
            s3_bucket=self.bucket.id,
            s3_key=package.key,
            memory_size=args.memory_size,
            timeout=args.timeout,
            layers=[self.layer.arn],
            environment={"variables": self._variables()},
            tracing_config={"mode": args.tracing_mode},
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=first),
            **optional,
        )

    def _alarms(self) -> None:
        """The two alarms, as ``lib/optimize.py`` makes them."""
        error_rate, duration = f"lambda-error-rate-{self._args.suffix}", f"lambda-duration-{self._args.suffix}"
        common: dict[str, Any] = {
            "evaluation_periods": 1,
            "comparison_operator": "GreaterThanThreshold",
            "treat_missing_data": "notBreaching",
        }
        dimensions = {"FunctionName": self.function_name}

        def summed(identifier: str, metric: str) -> cloudwatch.MetricAlarmMetricQueryArgs:
            measured = cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace="AWS/Lambda", metric_name=metric, period=300, stat="Sum", dimensions=dimensions
            )
            return cloudwatch.MetricAlarmMetricQueryArgs(id=identifier, metric=measured, return_data=False)

        rate = cloudwatch.MetricAlarmMetricQueryArgs(
            id="errorRate", expression="100*errors/invocations", label="Error rate (%)", return_data=True
        )
        cloudwatch.MetricAlarm(
            error_rate,
            name=error_rate,
            alarm_description=f"More than 1 % of the invocations of {self.function_name} failed",
            threshold=1,
            metric_queries=[rate, summed("errors", "Errors"), summed("invocations", "Invocations")],
            opts=self._child,
            **common,
        )
        cloudwatch.MetricAlarm(
            duration,
            name=duration,
            alarm_description=f"A run of {self.function_name} took longer than 20 s",
            threshold=20000,
            namespace="AWS/Lambda",
            metric_name="Duration",
            statistic="Maximum",
            period=300,
            dimensions=dimensions,
            opts=self._child,
            **common,
        )

    def _export(self) -> None:
        outputs = {
            "function_name": self.function.name,
            "function_arn": self.function.arn,
            "log_group_name": self.log_group.name,
            "bucket_name": self.bucket.bucket,
            "layer_arn": self.layer.arn,
            "role_arn": self.role.arn,
            "dead_letter_queue_name": self.dead_letter_name if self.dead_letter_queue else None,
            "dead_letter_arn": self.dead_letter_arn,
            "database_url_secret_arn": self.database_url.arn,
            "api_key_secret_arn": self.api_key.arn,
        }
        for name, value in outputs.items():
            pulumi.export(name, value)
        self.register_outputs(outputs)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deploy() -> None:
    """Register the stack as the Pulumi config asks for it."""
    TapStack("tap", TapStackArgs.from_config())
