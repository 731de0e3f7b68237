"""Amazon CloudWatch alarms and EventBridge events, through SNS (also raw), Lambda, SQS or an API destination.

Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from opsknight.api import aws_events, aws_notices, aws_prometheus, aws_runs, sns
from opsknight.api.parse import parse
from opsknight.api.providers.provider import Context, Provider, Request, Said, each, proven, within_limits
from opsknight.api.reading import (
    as_object,
    filled,
    first,
    inside,
    instant,
    is_list,
    is_object,
    link,
    one_line,
    scoped,
    stable,
    text,
    texts,
    word,
)
from opsknight.api.unknown import unknown_shape
from opsknight.domain.model.event import Action, Event, Link, Malformed, Severity, Unreadable

SLUG: Final = "cloudwatch"
MAX_RECORDS: Final = 1000
MAX_WRAPS: Final = 3
"""Envelopes inside each other: SNS in SQS in Lambda."""

_ACTIONS: Final[Mapping[str, Action]] = {
    "alarm": Action.TRIGGER,
    "insufficient data": Action.TRIGGER,
    "ok": Action.RESOLVE,
}
_CONFIRMATIONS: Final = frozenset(("subscriptionconfirmation", "unsubscribeconfirmation"))
_TESTS: Final = frozenset(("s3:testevent", "autoscaling:test notification"))
"""What services send once, when a topic is named to them."""
_SAYS_NOTHING: Final = ("notification from ", "aws notification")
"""How subjects begin that leave it to their message to say what is wrong."""
_HOSTS: Final = (
    "InstanceId", "DBInstanceIdentifier", "DBClusterIdentifier", "FunctionName", "LoadBalancer", "QueueName",
    "TableName", "ClusterName", "ServiceName", "BucketName", "CacheClusterId", "AutoScalingGroupName", "ApiName",
)  # fmt: skip
"""Dimensions that name what is measured, the most telling first."""


def normalise(payload: Any, context: Context) -> Sequence[Event | Unreadable]:
    """Return an event for each alarm, finding or event of AWS in `payload`, none for confirmations of a subscription.

    An alarm without enough data triggers as a warning: its state is not known. A message that is
    plain text triggers with its subject as title.

    Raises:
        Malformed: it is nothing that AWS sends, and no text in it says what is wrong.
    """
    if not is_object(payload):
        raise Malformed("The CloudWatch payload is not a JSON object.")
    records = payload.get("Records")
    listed = records if is_list(records) and records else [payload]
    if len(listed) <= MAX_RECORDS:
        listed = [one for record in listed for one in _apart(record)]
    if len(listed) > MAX_RECORDS:
        raise Malformed(f"The payload holds more than {MAX_RECORDS:,} records.")
    if len(listed) == 1 and listed[0] is payload:
        event = _event(payload)
        return [] if event is None else [within_limits(event)]
    made = each(listed, _event, what="Record", context=context)
    return [within_limits(one) if isinstance(one, Event) else one for one in made]


def _apart(record: Any) -> list[Any]:
    """Return a record once for each finding or alert in it, out of its envelopes; as it is where it has one or none."""
    said = record
    for _ in range(MAX_WRAPS):
        if not is_object(said):
            break
        if len(found := aws_events.apart(said)) > 1 or (found := aws_prometheus.apart(said)):
            return found
        inner = inside(said, "Sns", "Message") or said.get("Message") or said.get("body")
        said = _json(inner) if isinstance(inner, str) and _holds_several(inner) else inner
    return [record]


def _holds_several(message: str) -> bool:
    plain = message.replace("\\", "")
    return '"findings"' in plain or '"alerts"' in plain


def _event(said: Said) -> Event | None:
    """Return the event inside its envelopes, None for what only confirms a subscription.

    Raises:
        Malformed: no text says what is wrong.
    """
    envelope: Said = {}
    for _ in range(MAX_WRAPS):
        if word(said.get("Type")) in _CONFIRMATIONS:
            return None
        sns = said.get("Sns")
        inner = sns if is_object(sns) else said.get("Message") or said.get("body")
        if "AlarmName" in said or "detail-type" in said or not inner:
            break
        envelope = envelope if is_object(sns) else said
        message = inner if is_object(inner) else _json(text(inner))
        if message is None:
            return None if aws_events.is_fine({}, said) or _is_passing(said) else _plain(said)
        said = message
    if word(said.get("Event")) in _TESTS:
        return None
    said = aws_events.named(said)
    if aws_events.is_fine(said, envelope) or aws_events.is_under_way(said) or aws_runs.is_quiet(said):
        return None
    found = _alarm(said) or aws_notices.read(said, envelope) or aws_events.read(said) or aws_runs.read(said, envelope)
    return found or aws_prometheus.read(said) or _other(said, envelope)


def _json(message: str) -> Said | None:
    """Return the object that a text holds, None where it holds none."""
    if not message.startswith("{"):
        return None
    try:
        said = parse(message.encode("utf-8", "replace")).payload
    except Malformed:
        return None
    return said if is_object(said) else None


class _Alarm(NamedTuple):
    """What the three forms of an alarm say alike."""

    name: str
    arn: str
    account: str
    region: str
    state: str
    reason: str
    before: str
    at: datetime | None
    description: str
    metric: Said
    dimensions: dict[str, str]
    contributor: str = ""
    """Which of the series that an alarm watches changed its state, where it tells of each by itself."""


def _alarm(said: Said) -> Event | None:
    """Return the event of an alarm that changed its state, None where it is no alarm."""
    detail = as_object(said.get("alarmData")) or as_object(said.get("detail"))
    if text(said.get("AlarmName")):
        alarm = _from_sns(said)
    elif text(detail.get("alarmName")) and (is_object(detail.get("state")) or text(detail.get("state"))):
        alarm = _from_eventbridge(said, detail)
    else:
        return None
    action = _ACTIONS.get(alarm.state)
    identity = alarm.arn or f"{alarm.account}:{alarm.region}:{alarm.name}"
    identity, name = (f"{identity}:{alarm.contributor}" if alarm.contributor else identity), alarm.name
    if alarm.contributor and alarm.dimensions:
        name = f"{name} ({', '.join(alarm.dimensions.values())})"
    about = alarm.description or alarm.reason
    is_known = alarm.state in {"alarm", "ok"}
    host = first(alarm.dimensions, _HOSTS) or next(iter(alarm.dimensions.values()), "")
    return Event(
        action=action or Action.TRIGGER,
        dedup_key=scoped(SLUG, f"alarm:{identity}"),
        title=one_line(f"{name}: {about}" if about else name),
        severity=Severity.WARNING if alarm.state == "insufficient data" else Severity.ERROR,
        source=host,
        component="/".join(one for one in (first(alarm.metric, ("namespace",)), first(alarm.metric, ("name",))) if one),
        occurred_at=alarm.at,
        started_at=alarm.at if action is Action.TRIGGER else None,
        tags=alarm.dimensions,
        links=_console(alarm),
        details=filled(
            {
                "state": alarm.state,
                "reason": alarm.reason,
                "previous_state": alarm.before,
                "description": alarm.description if alarm.reason else "",
                "account": alarm.account,
                "region": alarm.region,
                "metric": filled(alarm.metric),
                "unknown_status": "" if is_known or action else alarm.state,
            }
        ),
    )


def _from_sns(said: Said) -> _Alarm:
    trigger = _measured(as_object(said.get("Trigger")))
    pairs = [pair for one in _objects(trigger.get("Dimensions")) for pair in _dimension(one)]
    return _Alarm(
        name=text(said.get("AlarmName")),
        arn=text(said.get("AlarmArn")),
        account=text(said.get("AWSAccountId")),
        region=text(said.get("Region")),
        state=word(said.get("NewStateValue")),
        reason=text(said.get("NewStateReason")),
        before=text(said.get("OldStateValue")),
        at=instant(said.get("StateChangeTime")),
        description=text(said.get("AlarmDescription")),
        metric={
            "namespace": text(trigger.get("Namespace")),
            "name": text(trigger.get("MetricName")),
            "statistic": trigger.get("Statistic") or trigger.get("ExtendedStatistic"),
            "comparison": trigger.get("ComparisonOperator"),
            "threshold": trigger.get("Threshold"),
            "period_s": trigger.get("Period"),
            "periods": trigger.get("EvaluationPeriods"),
        },
        dimensions=dict(pairs) | texts(said.get("AlarmContributorAttributes")),
        contributor=text(said.get("AlarmContributorId")),
    )


def _dimension(said: Said) -> list[tuple[str, str]]:
    """Return the name and value of a dimension; the rule that rewrote an alarm may have made them a field."""
    if name := first(said, ("name", "Name")):
        return [(name, first(said, ("value", "Value")))]
    return list(texts(said).items())


def _measured(trigger: Said) -> Said:
    """Return what an alarm watches; of one that reckons with several metrics, the first that is measured."""
    stats = (as_object(one.get("MetricStat")) for one in _objects(trigger.get("Metrics")))
    stat = next(filter(None, stats), None)
    return {**trigger, "Statistic": stat.get("Stat"), **as_object(stat.get("Metric"))} if stat else trigger


def _from_eventbridge(said: Said, detail: Said) -> _Alarm:
    """Return the alarm of an EventBridge event, or of what an alarm gives a Lambda function."""
    resources, metrics = said.get("resources"), inside(detail, "configuration", "metrics")
    stats = _objects(metrics)
    stat = as_object(inside(stats[0], "metricStat")) if stats else {}
    dimensions = as_object(inside(stat, "metric", "dimensions"))
    contributor = as_object(detail.get("alarmContributor"))
    state, is_deleted = as_object(detail.get("state")), word(detail.get("operation")) == "delete"
    return _Alarm(
        name=text(detail.get("alarmName")),
        arn=text(said.get("alarmArn")) or (text(resources[0]) if is_list(resources) and resources else ""),
        account=first(said, ("account", "accountId")),
        region=text(said.get("region")),
        state="ok" if is_deleted else word(state.get("value") or detail.get("state")),
        reason="The alarm was deleted" if is_deleted else text(state.get("reason")),
        before=text(inside(detail, "previousState", "value")),
        at=instant(state.get("timestamp")) or instant(said.get("time")),
        description=text(inside(detail, "configuration", "description")),
        metric={
            "namespace": text(inside(stat, "metric", "namespace")),
            "name": text(inside(stat, "metric", "name")),
            "statistic": stat.get("stat"),
            "period_s": stat.get("period"),
        },
        dimensions={name: text(value) for name, value in dimensions.items()} | texts(contributor.get("attributes")),
        contributor=text(contributor.get("id")),
    )


def _objects(listed: Any) -> list[Said]:
    return [one for one in listed if is_object(one)] if is_list(listed) else []


def _console(alarm: _Alarm) -> tuple[Link, ...]:
    """Return the alarm's page in the console; only its ARN names the region as addresses do."""
    parts = alarm.arn.split(":")
    if len(parts) < 7 or not parts[3].replace("-", "").isalnum():
        return ()
    region, name = parts[3], quote(alarm.name, safe="")
    href = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#alarmsV2:alarm/{name}"
    found = link(href, words="Alarm")
    return () if found is None else (found,)


def _other(said: Said, envelope: Said) -> Event:
    """Return what can be read of a message of another service of AWS.

    Raises:
        Malformed: no text says what is wrong.
    """
    topic, details = text(envelope.get("TopicArn")), {"unknown_shape": True, "message": said}
    if title := one_line(_job(said)).strip():
        return _text(title, topic, envelope or said, details=details)
    if (event := unknown_shape(SLUG, said)) is not None:
        return event
    if title := _subject(envelope, said):
        return _text(title, topic, envelope, details=details)
    if topic:
        about = first(said, ("notificationType", "eventType", "eventName", "type")) or "a message without a title"
        return _text(one_line(f"{topic.rpartition(':')[2]}: {about}"), topic, envelope, details=details)
    raise Malformed("The payload is no notification of SNS and no alarm: it names neither a message nor an alarm.")


def _job(said: Said) -> str:
    """Return what a command of Systems Manager came to, or what happened to an object in S3; "" for anything else."""
    if document := text(said.get("documentName")):
        return f"{document} on {first(said, ('instanceId',))}: {first(said, ('detailedStatus', 'status'))}"
    bucket, key = (text(inside(said, "s3", *path)) for path in (("bucket", "name"), ("object", "key")))
    return f"{text(said.get('eventName'))}: {bucket}/{key}" if bucket else ""


def _subject(envelope: Said, said: Said) -> str:
    named = first(said, ("Event Message", "Cause", "cause")) or first(envelope, ("Subject",))
    named = named or first(said, ("Event", "detail-type"))
    return one_line(named).strip()


def _is_passing(envelope: Said) -> bool:
    """Say whether a text only tells of what is neither good nor bad: a health in between, a stack on its way."""
    found = aws_notices.told(first(envelope, ("Message", "body")))
    return found is not None and found.action is None


def _plain(envelope: Said) -> Event:
    """Return the event of a message that is plain text, such as one of AWS Budgets, CloudFormation or Beanstalk."""
    message, topic = first(envelope, ("Message", "body")), text(envelope.get("TopicArn"))
    if (found := aws_notices.told(message)) is not None:
        event = _text(one_line(found.title), topic, envelope, details={"message": message})
        key = scoped(SLUG, f"{found.kind}:{stable(topic, *found.names)}")
        return replace(event, action=found.action or event.action, severity=found.severity, dedup_key=key)
    begins, subject = message.partition("\n")[0], first(envelope, ("Subject",))
    if word(subject).startswith(_SAYS_NOTHING):
        subject = f"{subject}: {begins}"
    title = one_line(subject or begins).strip()
    return _text(title or "Message without a text", topic, envelope, details={"message": message})


def _text(title: str, topic: str, envelope: Said, *, details: Said) -> Event:
    return Event(
        action=Action.TRIGGER,
        dedup_key=scoped(SLUG, f"message:{stable(topic, title)}"),
        title=title,
        severity=Severity.ERROR,
        source=topic.rpartition(":")[2],
        occurred_at=instant(envelope.get("Timestamp") or envelope.get("eventTime")),
        details=filled(details),
    )


def verify(request: Request, secret: str) -> bool:
    """Say whether SNS signed a message of the topic whose ARN is the secret; any other secret must be carried.

    Raises:
        sns.Unknown: the certificate is not there yet.
    """
    if not secret.startswith("arn:"):
        return proven(request, secret)
    try:
        said = parse(request.body).payload
    except Malformed:
        return False
    message_id, certificates = request.headers.get("x-amz-sns-message-id", ""), request.certificates
    return sns.is_signed(said, topic=secret, message_id=message_id, certificates=certificates, now=request.received_at)


PROVIDER: Final = Provider(
    slug=SLUG,
    label="Amazon CloudWatch",
    docs_url="https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html",
    normalise=normalise,
    where="Amazon SNS → the alarm's topic → Create subscription, and name the topic for the states ALARM and OK",
    setup="""Protocol: HTTPS
Endpoint: {address}
Enable raw message delivery: off""",
    sample={
        "AlarmName": "OpsKnight test",
        "AlarmDescription": "Nothing is wrong",
        "AWSAccountId": "000000000000",
        "NewStateValue": "INSUFFICIENT_DATA",
        "NewStateReason": "This is a test",
        "StateChangeTime": "2026-11-24T03:31:07.512+0000",
        "Region": "EU (Ireland)",
        "OldStateValue": "OK",
    },
    verify=verify,
    signed_with="The ARN of the SNS topic, which begins with arn: only what SNS signed for it is taken then, and raw "
    "message delivery must be off. For an API destination of EventBridge, the value of its API key named X-API-Key.",
    once=("x-amz-sns-message-id",),
    confirms=sns.confirmation,
)
