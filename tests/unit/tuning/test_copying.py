"""What a copy is made of, and of what none can be made; said before anything is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from lambda_tailor.errors import AwsRefused
from lambda_tailor.model.secret import Secret
from lambda_tailor.settings.setting import Answer, Call
from lambda_tailor.tuning.copying import MOST_DIRECT_BYTES, Copier, copy_name, refusal, warnings
from lambda_tailor.tuning.measuring import Invoker

ZIP = {"Configuration": {"CodeSize": 1000, "Role": "arn:role", "Runtime": "python3.12"}}


def with_configuration(**given: Any) -> Answer:
    return {"Configuration": {**ZIP["Configuration"], **given}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CodeSize": MOST_DIRECT_BYTES + 1}, "over the 50 MB that a copy can be made of without a bucket"),
        ({"DurableConfig": {"RetentionPeriodInDays": 1}}, "durable"),
        ({"CapacityProviderConfig": {"x": 1}}, "managed instances"),
        ({"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}, "cannot be decrypted"),
    ],
)
def test_no_copy_can_be_made_of_it(given: dict[str, Any], said: str) -> None:
    assert said in str(refusal(with_configuration(**given)))
    assert refusal(ZIP) is None


def test_an_image_may_be_of_any_size() -> None:
    assert refusal(with_configuration(PackageType="Image", CodeSize=MOST_DIRECT_BYTES * 10)) is None


def test_resource_policies_elsewhere_and_snapstart_are_said() -> None:
    assert "a resource policy elsewhere that names the function's ARN" in warnings(ZIP)[0]
    assert "the copy has no SnapStart" in warnings(with_configuration(SnapStart={"ApplyOn": "PublishedVersions"}))


@dataclass
class Recording:
    """A gateway that takes down what it is asked, and answers from a list."""

    answers: list[Answer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def call(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.answers.pop(0) if self.answers else {}


def made(original: Answer) -> Any:
    gateway = Recording()
    Copier(gateway, "copy").make(original, "orders", "tune-1", 512)  # type: ignore[arg-type]  # a fake
    (call,) = gateway.calls
    assert call.name == "lambda:CreateFunction"
    return call.parameters


def test_the_copy_of_an_image_function_runs_the_same_image_in_the_same_way() -> None:
    configuration = {
        "PackageType": "Image", "Role": "arn:role", "Timeout": 30, "Architectures": ["arm64"],
        "ImageConfigResponse": {"ImageConfig": {"Command": ["app.handler"]}}, "EphemeralStorage": {"Size": 1024},
    }  # fmt: skip
    asked = made({"Configuration": configuration, "Code": {"ImageUri": "1.dkr.ecr/x:tag"}})
    assert asked["Code"] == {"ImageUri": "1.dkr.ecr/x:tag"}
    assert asked["ImageConfig"] == {"Command": ["app.handler"]} and asked["PackageType"] == "Image"
    assert asked["Architectures"] == ["arm64"] and asked["EphemeralStorage"] == {"Size": 1024}
    assert asked["MemorySize"] == 512 and "Runtime" not in asked and "Handler" not in asked


def test_the_copy_has_role_layers_network_and_environment_and_no_trigger() -> None:
    original = with_configuration(
        Layers=[{"Arn": "arn:layer:1", "CodeSize": 5}], VpcConfig={"SubnetIds": ["s"], "SecurityGroupIds": ["g"]},
        Environment={"Variables": {"KEY": Secret("value")}}, DeadLetterConfig={"TargetArn": "arn:queue"},
    )  # fmt: skip
    asked = made({**original, "Code": {"Location": Secret("https://somewhere")}})
    assert asked["Layers"] == ["arn:layer:1"] and asked["Role"] == "arn:role"
    assert asked["VpcConfig"] == {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}
    assert set(asked["Environment"]["Variables"]) == {"KEY"} and "value" not in str(asked)
    assert "DeadLetterConfig" not in asked and asked["Tags"]["lambda-tailor:copy-of"] == "orders"


def test_code_without_a_place_to_read_it_from_is_said() -> None:
    with pytest.raises(AwsRefused, match="does not say where the function's code is"):
        made({**ZIP, "Code": {}})


def test_a_copys_name_fits_and_tells_whose_it_is() -> None:
    assert copy_name("orders", "tune-20261124-abcdef") == "lambda-tailor-tune-abcdef-orders"
    assert len(copy_name("o" * 64, "tune-20261124-abcdef")) == 64


def test_a_record_that_comes_late_is_not_taken_for_that_of_the_next_call() -> None:
    def events(*ids: str) -> Answer:
        text = "REPORT RequestId: {}\tDuration: {} ms\tBilled Duration: 9 ms\tMemory Size: 128 MB"
        return {"events": [{"message": text.format(each, 10 * int(each[1]))} for each in ids]}

    gateway = Recording([{}, events("a1"), {}, events("a1"), events("a1", "a2")])
    invoker = Invoker(gateway, "copy", sleep=lambda _s: None)  # type: ignore[arg-type]  # a fake
    assert [invoker.invoke("1", b"{}").duration_ms for _ in range(2)] == [10, 20]


def test_a_log_group_that_comes_back_with_late_logs_is_removed_too() -> None:
    groups = {"/aws/lambda/lambda-tailor-tune-abcdef-orders"}

    class Late(Recording):
        def call(self, call: Call) -> Answer:
            if call.action == "GetFunction":
                raise AwsRefused("gone", code="ResourceNotFoundException")
            if call.action == "DeleteLogGroup":
                groups.discard(call.parameters["logGroupName"])
            return super().call(call)

    waits: list[float] = []

    def late_logs(seconds: float) -> None:
        waits.append(seconds)
        groups.add("/aws/lambda/lambda-tailor-tune-abcdef-orders")

    gateway = Late()
    copier = Copier(gateway, "lambda-tailor-tune-abcdef-orders", sleep=late_logs)  # type: ignore[arg-type]  # a fake
    copier.remove("orders", "tune-20261124-abcdef")
    assert not groups and len(waits) == 1 and waits[0] > 1
