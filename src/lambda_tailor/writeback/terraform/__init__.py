"""Terraform and OpenTofu: from a function's ARN to the place where a setting's value is written."""
