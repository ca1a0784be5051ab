"""The newest version of a layer by its name; many are listed by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_tailor.aws.lookups.kind import MANY, LookupKind, Resources, answer_or_none, one_by_one, together
from lambda_tailor.aws.scopes import OpenScope
from lambda_tailor.iam.permission import Action
from lambda_tailor.model.function import Found, Missing, Resource
from lambda_tailor.settings.setting import Call


def _layer(opened: OpenScope, name: str) -> Resource:
    asked = {"LayerName": name, "MaxItems": 1}
    answer = answer_or_none(opened, Call("lambda", "ListLayerVersions", asked), "ResourceNotFoundException")
    versions = (answer or {}).get("LayerVersions") or ()
    return _newest(max(versions, key=lambda version: version["Version"])) if versions else Missing()


def _newest(version: Mapping[str, Any]) -> Resource:
    return Found(
        {
            "arn": version["LayerVersionArn"],
            "runtimes": list(version.get("CompatibleRuntimes") or ()),
            "architectures": list(version.get("CompatibleArchitectures") or ()),
        }
    )


def _layers(opened: OpenScope, names: Sequence[str]) -> Resources:
    """Layers of this account by name, fifty a call; one of another account is asked for by its ARN."""
    own = [name for name in names if ":" not in name]
    found = dict(one_by_one(_layer)(opened, [name for name in names if ":" in name]))
    if len(own) < MANY:
        return {**found, **one_by_one(_layer)(opened, own)}
    # https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html
    pages = opened.gateway.pages(Call("lambda", "ListLayers", {"MaxItems": 50}), "Marker", "NextMarker")
    listed = {
        layer["LayerName"]: _newest(layer["LatestMatchingVersion"])
        for page in pages
        for layer in page.get("Layers") or ()
        if layer.get("LatestMatchingVersion")
    }
    return {**found, **{name: listed.get(name, Missing()) for name in own}}


KINDS = (
    LookupKind(
        kind="layer",
        read=together(_layers),
        costs="page",
        actions=(Action("lambda:ListLayerVersions"),),
        listing=(Action("lambda:ListLayers"),),
        # Whoever attaches one layer sends all that the function has, and has to be let read each of them.
        # https://docs.aws.amazon.com/lambda/latest/dg/permissions-user-layer.html
        arn_names=lambda _name: {"layer": ("*",)},
    ),
)
