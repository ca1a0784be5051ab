"""The newest version of a layer by its name."""

from __future__ import annotations

from lambda_tailor.aws.lookups.kind import LookupKind, answer_or_none, one_by_one
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings.setting import Call


def _layer(opened: OpenScope, name: str) -> Resource:
    asked = {"LayerName": name, "MaxItems": 1}
    answer = answer_or_none(opened, Call("lambda", "ListLayerVersions", asked), "ResourceNotFoundException")
    versions = (answer or {}).get("LayerVersions") or ()
    if not versions:
        return Missing()
    newest = max(versions, key=lambda version: version["Version"])
    return Found({"arn": newest["LayerVersionArn"], "runtimes": list(newest.get("CompatibleRuntimes") or ())})


KINDS = (
    LookupKind(kind="layer", read=one_by_one(_layer), costs="name", actions=(Action("lambda:ListLayerVersions"),)),
)
