"""Who is watched, and what for."""

import pytest

from smsgateway import queues
from tests.bench import cost
from tests.tools.template import FUNCTIONS, Node, listed, of_type

ALARMS = of_type("AWS::CloudWatch::Alarm")


def watching(metric: str) -> dict[str, Node]:
    """What is watched (a function or a queue, by its logical id) → the alarm on this metric."""
    found = {}
    for alarm in ALARMS.values():
        if alarm["MetricName"] == metric:
            value = alarm["Dimensions"][0]["Value"]
            found[value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]] = alarm
    return found


def test_throttles_of_every_function_are_told() -> None:
    throttles = watching("Throttles")
    assert set(throttles) == {f"{name.capitalize()}Function" for name in FUNCTIONS}
    for alarm in throttles.values():
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)


def test_a_queue_that_is_read_too_slowly_is_told() -> None:
    ages = watching("ApproximateAgeOfOldestMessage")
    assert {name: alarm["Threshold"] for name, alarm in ages.items()} == {
        "UrgentQueue": queues.URGENT_DELAY + 60,
        "BulkQueue": 1800,
        "ReceiptQueue": 300,
        "ReplyQueue": 300,
    }


def test_errors_of_functions_whose_failures_show_nowhere_else_are_told() -> None:
    assert set(watching("Errors")) == {"DispatchFunction", "WebhookFunction", "FanoutFunction"}


def test_a_schedule_that_does_not_run_at_all_is_told() -> None:
    """GIVEN no run WHEN there is no metric either THEN that is what the alarm rings for."""
    runs = watching("Invocations")
    assert set(runs) == {"PollFunction", "SweepFunction"}
    for alarm in runs.values():
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
        assert alarm["TreatMissingData"] == "breaching"
        assert alarm["Period"] == 300  # seconds


def test_the_model_of_costs_counts_all_of_them() -> None:
    assert len(ALARMS) == cost.ALARMS


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_is_wrong_and_goes_to_the_topic(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmDescription"]
    assert alarm["AlarmActions"] == {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert listed(alarm["Dimensions"])
    # Nothing measured means that nothing happens, which is well everywhere but where something must.
    assert (alarm["TreatMissingData"] == "breaching") == (alarm["MetricName"] == "Invocations")
