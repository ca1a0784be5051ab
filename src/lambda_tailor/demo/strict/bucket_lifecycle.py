"""Lifecycle rules in the old and the new form, which S3 does not take together, and the emulator does.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

from __future__ import annotations

from xml.etree import ElementTree

from lambda_tailor.demo.strict.behaviour import Passing, Registered
from lambda_tailor.demo.strict.wire import Answer, Exchange, refusal


class LifecycleForms(Passing):
    """Refuses a prefix outside of a filter beside rules with one."""

    async def before(self, exchange: Exchange) -> Answer | None:
        """Look at the rules that are put."""
        if exchange.name != "s3:PutBucketLifecycleConfiguration":
            return None
        # S3's own clients sent it, to an emulator on loopback.
        document = ElementTree.fromstring(exchange.body)
        space = document.tag.partition("}")[0] + "}" if "}" in document.tag else ""
        rules = document.findall(f"{space}Rule")
        old = [rule for rule in rules if rule.find(f"{space}Prefix") is not None]
        if not old or len(old) == len(rules):
            return None
        message = "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
        return refusal(exchange, "InvalidRequest", message)


BEHAVIOUR = Registered(lambda _layer: LifecycleForms(), order=16)
