"""The operator's page: its functions, alarms, queues and outputs are the template's, its commands do as told."""

import json
import re
import subprocess
import sys
from dataclasses import replace

from smsgateway.api.schemas.resources import Figures
from smsgateway.queues import VendorBytes, parked_body, vendor_bytes_body
from tests.tools.pages import OPERATING as PAGE
from tests.tools.pages import PAGES, the_ticked, ticked
from tests.tools.template import FUNCTIONS, TEMPLATE, TEXT, of_type

NOW = 1_795_000_000_000  # epoch milliseconds


def test_the_functions_are_the_templates_with_what_starts_them() -> None:
    rows = {the_ticked(row["function"]): row["started by"] for row in PAGE.table_with("function", "started by")}
    assert set(rows) == set(FUNCTIONS)
    signs = {"SQS": "queues", "Schedule": "schedule", "DynamoDB": "stream"}
    for name, started_by in rows.items():
        function = of_type("AWS::Serverless::Function")[f"{name.capitalize()}Function"]
        kinds = {event["Type"] for event in function["Events"].values()} - {"Api"}
        assert {kind for kind, sign in signs.items() if sign in started_by} == kinds, name


def test_the_alarms_are_the_templates() -> None:
    named = [name for row in PAGE.table_with("alarm", "rings when") for name in ticked(row["alarm"])]
    assert sorted(named) == sorted(of_type("AWS::CloudWatch::Alarm"))


def test_the_queues_and_outputs_are_the_templates() -> None:
    text = "".join(page.text for page in PAGES)
    outputs = set(re.findall(r"output ([A-Z][A-Za-z]+)\)", text)) | set(re.findall(r"output `([A-Za-z]+)`", text))
    assert len(outputs) > 5
    assert outputs <= set(TEMPLATE["Outputs"])
    dead = set(re.findall(r"QueueName: !Sub \$\{AWS::StackName\}-([a-z]+-dead)", TEXT))
    assert {name for row in PAGE.table_with("queue", "holds") for name in ticked(row["queue"])} == dead
    ends = {
        name
        for row in PAGE.table_with("function", "its failures end in")
        for name in ticked(row["its failures end in"])
    }
    assert ends == dead


def test_the_look_at_parked_receipts_shows_their_reason_and_bytes() -> None:
    (command,) = [block for block in PAGE.blocks("sh") if "b64decode" in block]
    (program,) = re.findall(r"-c '(.*)'", command, flags=re.DOTALL)
    receipt = VendorBytes(
        "hb-main", "reports", "push", NOW, headers={"content-type": "text/xml"}, body="乱".encode("gbk")
    )
    large = replace(receipt, body=b"<reports>" * 30_000)
    bodies = [parked_body(receipt, "not XML of reports"), vendor_bytes_body(receipt)]
    packed = json.dumps({"Messages": [{"Body": parked_body(large, "cut")}]})
    done = subprocess.run([sys.executable, "-c", program], input=packed, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == repr(large.body)
    full = json.dumps({"Messages": [{"Body": body} for body in bodies]})
    # An empty queue: the AWS CLI says nothing.
    for found, shown in ((full, ["not XML of reports", "None"]), ("", [])):
        done = subprocess.run([sys.executable, "-c", program], input=found, capture_output=True, text=True, check=True)
        expected = [
            line
            for reason in shown
            for line in (f"hb-main reports push {reason} {dict(receipt.headers)} []", repr(receipt.body))
        ]
        assert done.stdout.splitlines() == expected


def test_the_figures_are_what_the_api_describes() -> None:
    assert [the_ticked(row["field of `figures`"]) for row in PAGE.table_with("field of `figures`")] == list(
        Figures.model_fields
    )
