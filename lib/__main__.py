"""Pulumi's entry: deploys the reference stack."""

from tap_stack import deploy

deploy()
