"""What an IAM policy has to allow: an action, and the ARN of what it acts on as a template.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
says which actions take a resource, and of which kind; a test compares every declaration with it.
"""

from __future__ import annotations

from dataclasses import dataclass

# For actions that take no resource. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
EVERYTHING = "*"

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:{function}"
# Whether anybody uses a queue that is to be removed, each function of the region is asked.
ANY_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:*"
# A version or alias, never the function itself.
QUALIFIED = FUNCTION + ":*"
# Mappings have UUIDs for names, which a plan does not know before it is made.
ANY_EVENT_SOURCE = "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*"
# Of any account: the user's own layers stay, and are sent again with the new one.
LAYER = "arn:{partition}:lambda:{region}:*:layer:{layer}:*"
ANY_LAYER = "arn:{partition}:lambda:{region}:*:layer:*:*"
# With :* for all actions but those on tags:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
LOG_GROUP = "arn:{partition}:logs:{region}:{account}:log-group:{log_group}:*"
ALARM = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}"
QUEUE = "arn:{partition}:sqs:{region}:{account}:{queue}"
# Queues that feed functions have any name; one of another account may feed them too.
ANY_QUEUE = "arn:{partition}:sqs:{region}:{account}:*"
ANY_QUEUE_OF_ANYBODY = "arn:{partition}:sqs:{region}:*:*"
BUCKET = "arn:{partition}:s3:::{bucket}"
ROLE = "arn:{partition}:iam::{account}:role/{role}"
# A role that is assumed in another account, by its whole ARN.
ASSUMED_ROLE = "arn:{partition}:iam::{account}:role/{assumed_role}"
PARAMETER = "arn:{partition}:ssm:{region}:{account}:parameter/{parameter}"
PARAMETER_ARN = "arn:{partition}:ssm:{region}:{account}:parameter/{parameter_arn}"
# Six characters that nobody knows beforehand end a secret's ARN.
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
SECRET = "arn:{partition}:secretsmanager:{region}:{account}:secret:{secret}-??????"  # noqa: S105 - an ARN
# Whichever key the customer's own queues, secrets, variables and log groups are encrypted with.
KMS_KEY = "arn:{partition}:kms:{region}:{account}:key/*"
SECRET_ARN = "arn:{partition}:secretsmanager:{region}:{account}:secret:{secret_arn}-??????"  # noqa: S105 - an ARN


@dataclass(frozen=True, slots=True)
class Action:
    """One IAM action, spelled as in a policy, on what ``arn`` stands for.

    ``arn`` has fields in braces: ``partition``, ``region``, ``account``, and the name of the kind of
    resource, such as ``queue``. Where nothing of that kind is wanted, neither is the action.
    ``because`` says why the action is declared on everything although it could take a resource.
    """

    name: str
    arn: str = EVERYTHING
    because: str = ""
