#!/usr/bin/env python3
"""Audits the events of Postern on Kafka: reads every topic to its end, and says what does not hold.

Needs only what Debian has: python3-kafka (2.0 or later) and python3-jsonschema (4.0 or later).

It keeps its offsets in a file of its own, together with what it learned up to there: after a crash it goes on with
both or with neither. It is in no consumer group, so it disturbs none.

Prints a summary as JSON. Exit codes: 0 all holds, 1 something does not, 2 it could not be asked.
"""
import argparse
import collections
import datetime
import hashlib
import json
import os
import pathlib
import re
import sys
import time

import jsonschema
import kafka

# `postern.<family>.v<major>`. Not read: commands (no events), canaries (kept for an hour, watched by the relay), and
# dead letters (`postern.dlq.<group>.v1`: what some group could not handle, read here where it lay first).
EVENT_TOPIC = re.compile(r"postern\.(?!command\.|canary\.)[a-z-]+\.v[1-9][0-9]*")
# Of these Kafka keeps the last record of a key: holes in `sequence` are what compaction does.
COMPACTED_TOPIC = re.compile(r"postern\.[a-z]+-state\.v[1-9][0-9]*")
REPEATED = ("id", "type", "source", "subject", "time", "sequence", "env")
# A repeat comes seconds or minutes after its event. Older ids are forgotten.
REMEMBERED_IDS_MAX = 100_000
VIOLATIONS_SHOWN_MAX = 100
# Calls are kept for 7 days, other topics for longer: what is missing among older events was deleted in good order.
COMPLETE_DAYS = 6
POLL_MS = 500


class Schemas:
    """Those of docs/schemas, by their `$id`, which is what `dataschema` names."""

    def __init__(self, folder):
        self.validators = {}
        for file in sorted(pathlib.Path(folder).rglob("*.json")):
            schema = json.loads(file.read_text("utf-8"))
            jsonschema.Draft202012Validator.check_schema(schema)
            self.validators[schema["$id"]] = jsonschema.Draft202012Validator(schema)
            if file.name == "cloudevent.json":
                self.envelope = self.validators[schema["$id"]]

    @staticmethod
    def problems(validator, value, root):
        """Where, and which rule; never the value itself."""
        for error in validator.iter_errors(value):
            place = "".join(f"/{step}" for step in error.absolute_path)
            rule = error.validator
            missing = rule == "required" and re.match(r"'(\w+)' is a required", error.message)
            yield {"at": root + place, "rule": rule, **({"missing": missing[1]} if missing else {})}


class Sequences:
    """Which numbers of each `partitionkey` have come. They run on over all topics, which come in any order."""

    def __init__(self, upto=None, ahead=None, holed=None):
        self.upto = dict(upto or {})  # All numbers up to this one have come.
        self.holed = set(holed or ())  # Keys of compacted topics, wherever else they are used.
        self.ahead = {key: set(numbers) for key, numbers in (ahead or {}).items()}
        self.begun_late = 0

    def take(self, key, number):
        """False when that number had come before."""
        upto, ahead = self.upto.get(key, 0), self.ahead.setdefault(key, set())
        if number <= upto or number in ahead:
            return False
        ahead.add(number)
        self._settle(key, upto)
        return True

    def begin_after(self, key, number):
        """What comes before that number is not missing."""
        upto = max(number, self.upto.get(key, 0))
        self.ahead[key] = {ahead for ahead in self.ahead.get(key, ()) if ahead > upto}
        self._settle(key, upto)

    def begin_where_kafka_begins(self):
        """Of a key that is new here, what Kafka no longer has before its first record is not missing."""
        for key in [key for key in self.ahead if key not in self.upto]:
            self.begun_late += 1
            self.begin_after(key, min(self.ahead[key]) - 1)

    def gaps(self):
        """Numbers that others have overtaken, as [first, last]. One that opened a moment ago may be on its way."""
        return {
            key: self._gaps_below(self.upto.get(key, 0), sorted(ahead))
            for key, ahead in self.ahead.items()
            if key not in self.holed
        }

    @staticmethod
    def _gaps_below(upto, ahead):
        return [[low + 1, high - 1] for low, high in zip([upto, *ahead], ahead) if low + 1 < high]

    def _settle(self, key, upto):
        ahead = self.ahead[key]
        while upto + 1 in ahead:
            upto += 1
            ahead.remove(upto)
        if upto > 0:
            self.upto[key] = upto
        if not ahead:
            del self.ahead[key]


class Audit:
    """What was read so far, and what did not hold."""

    def __init__(self, schemas, state):
        self.schemas = schemas
        self.sequences = Sequences(state.get("upto"), state.get("ahead"), state.get("holed"))
        self.ids = collections.OrderedDict(state.get("ids", []))  # id -> digest of the record
        self.complete_since = (now() - datetime.timedelta(days=COMPLETE_DAYS)).isoformat()
        self.counts = collections.Counter()
        self.types = collections.Counter()
        self.unknown = collections.Counter()
        self.violations = []

    def read(self, record):
        """One record, and what does not hold of it."""
        self.counts["records"] += 1
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        for problem in self.problems(record):
            self.counts["violations"] += 1
            if len(self.violations) < VIOLATIONS_SHOWN_MAX:
                self.violations.append({**place, **problem})

    def problems(self, record):
        if record.value is None and COMPACTED_TOPIC.fullmatch(record.topic):
            self.counts["tombstones"] += 1  # "No longer so": nothing is left of that key.
            return
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        try:
            event = json.loads(record.value)
        except (TypeError, ValueError):
            yield {"at": "", "rule": "json"}
            return
        broken = list(self.schemas.problems(self.schemas.envelope, event, ""))
        yield from broken
        if broken:
            return
        yield from self.disagreements(record, headers, event)
        digest = hashlib.sha256(record.value).hexdigest()
        if event["id"] in self.ids:  # At least once: a repeat has the same id and the same bytes.
            self.counts["repeats"] += 1
            if self.ids[event["id"]] != digest:
                yield {"at": "", "rule": "repeated as it was", "id": event["id"]}
            return
        self.remember(event["id"], digest)
        yield from self.content(record, event)

    @staticmethod
    def disagreements(record, headers, event):
        """What routers see must be what the event says."""
        if not headers.get("content-type", "").startswith("application/cloudevents+json"):
            yield {"at": "header content-type", "rule": "structured mode"}
        if record.key is None or record.key.decode("utf-8", "replace") != event["partitionkey"]:
            yield {"at": "key", "rule": "is partitionkey"}
        for name in REPEATED:
            if headers.get(f"ce_{name}") != event[name]:
                yield {"at": f"header ce_{name}", "rule": f"is {name}"}

    def content(self, record, event):
        self.counts["events"] += 1
        self.types[event["type"]] += 1
        validator = self.schemas.validators.get(event["dataschema"])
        if validator is None:
            self.unknown[event["dataschema"]] += 1  # Of a later version than these schemas: not wrong.
        else:
            yield from self.schemas.problems(validator, event["data"], "/data")
        key, number = event["partitionkey"], int(event["sequence"])
        if COMPACTED_TOPIC.fullmatch(record.topic):
            self.sequences.holed.add(key)
            return
        if event["recordedtime"] < self.complete_since:
            self.sequences.begin_after(key, number)
        elif not self.sequences.take(key, number):
            yield {"at": "/sequence", "rule": "one event only", "id": event["id"]}

    def remember(self, id, digest):
        self.ids[id] = digest
        if len(self.ids) > REMEMBERED_IDS_MAX:
            self.ids.popitem(last=False)

    def summary(self, with_gaps):
        return {
            **{name: self.counts[name] for name in ("records", "events", "repeats", "tombstones", "violations")},
            "types": dict(sorted(self.types.items())),
            "unknown_schemas": dict(self.unknown),
            "keys": len(self.sequences.upto.keys() | self.sequences.ahead.keys()),
            "keys_begun_late": self.sequences.begun_late,
            "gaps": self.sequences.gaps() if with_gaps else None,
            "first_violations": self.violations,
        }


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def load(file):
    if file is None or not os.path.exists(file):
        return {}
    with open(file, encoding="utf-8") as stream:
        return json.load(stream)


def store(file, audit, consumer, partitions):
    """All or nothing: what was learned, and up to where."""
    if file is None:
        return
    state = {
        "offsets": [[part.topic, part.partition, consumer.position(part)] for part in partitions],
        "upto": audit.sequences.upto,
        "holed": sorted(audit.sequences.holed),
        "ahead": {key: sorted(numbers) for key, numbers in audit.sequences.ahead.items()},
        "ids": list(audit.ids.items()),
    }
    with open(f"{file}.new", "w", encoding="utf-8") as stream:
        json.dump(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(f"{file}.new", file)


def seek(consumer, partitions, offsets):
    consumer.assign(partitions)
    for part in partitions:
        known = offsets.get((part.topic, part.partition))
        if known is None:
            consumer.seek_to_beginning(part)
        else:
            consumer.seek(part, known)


def read_to_the_end(consumer, audit, partitions):
    ends = consumer.end_offsets(partitions)
    while any(consumer.position(part) < ends[part] for part in partitions):
        for records in consumer.poll(timeout_ms=POLL_MS).values():
            for record in records:
                audit.read(record)


def connection():
    """By the variables that Postern itself takes; see docs/runbook.md."""
    mechanism, ca = os.environ.get("KAFKA_SASL_MECHANISM"), os.environ.get("KAFKA_TLS_CA_FILE")
    sasl = {
        "sasl_mechanism": (mechanism or "").upper(),
        "sasl_plain_username": os.environ.get("KAFKA_SASL_USERNAME"),
        "sasl_plain_password": os.environ.get("KAFKA_SASL_PASSWORD"),
    }
    return {
        "bootstrap_servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9094").split(","),
        "security_protocol": ("SASL_" if mechanism else "") + ("SSL" if ca else "PLAINTEXT"),
        **({"ssl_cafile": ca} if ca else {}),
        **(sasl if mechanism else {}),
    }


def arguments():
    schemas = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schemas"
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--schemas", default=schemas, help="folder of the published schemas")
    options.add_argument("--state", help="file to go on from; without it everything is read")
    options.add_argument("--topic", action="append", help="only these; then gaps cannot be told, and are not")
    options.add_argument("--from-first", action="store_true", help="Kafka still has the first event of every key")
    options.add_argument("--patience", type=float, default=60, help="seconds that a gap may stay open, default 60")
    return options.parse_args()


def partitions_of(consumer, wanted):
    topics = wanted or sorted(filter(EVENT_TOPIC.fullmatch, consumer.topics()))
    found = [kafka.TopicPartition(name, part) for name in topics for part in consumer.partitions_for_topic(name) or ()]
    if not found:
        raise OSError("no topic of Postern there, or none that may be read")
    return found


def main():
    options = arguments()
    state = load(options.state)
    audit = Audit(Schemas(options.schemas), state)
    consumer = kafka.KafkaConsumer(client_id="postern-audit", enable_auto_commit=False, **connection())
    partitions = partitions_of(consumer, options.topic)
    seek(consumer, partitions, {(topic, part): offset for topic, part, offset in state.get("offsets", [])})
    with_gaps, patient_until = options.topic is None, time.monotonic() + options.patience
    while True:
        read_to_the_end(consumer, audit, partitions)
        if not options.from_first:
            audit.sequences.begin_where_kafka_begins()
        # Topics are read side by side: the event that is missing here may be on its way on another.
        if not with_gaps or not audit.sequences.gaps() or time.monotonic() > patient_until:
            break
        time.sleep(POLL_MS / 1000)
    store(options.state, audit, consumer, partitions)
    consumer.close()
    summary = audit.summary(with_gaps)
    print(json.dumps(summary, indent=2))
    return 1 if summary["violations"] or summary["gaps"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (kafka.errors.KafkaError, OSError) as error:
        print(f"postern-audit: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
