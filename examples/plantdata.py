"""What a plant's Kafka holds, as pandas: records of a topic, observations of assets, and the features of a trained model.

Reads with the settings that `millrace client NAME --format kcat` writes; the principal may read, and nothing else.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition


def settings(path: str) -> dict[str, str]:
    """Librdkafka's settings from a file of key=value lines."""
    with open(path) as lines:
        pairs = (line.strip().split("=", 1) for line in lines if "=" in line and line[0] != "#")
        return {key: value for key, value in pairs}


def records(client: str, topic: str) -> list[tuple[str, dict | None]]:
    """Key and value of every committed record of a topic up to now, each partition in its order."""
    consumer = Consumer({**settings(client), "enable.partition.eof": True, "enable.auto.commit": False})
    partitions = list(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    found, open_partitions = [], set(partitions)
    while open_partitions:
        message = consumer.poll(30)
        if message is None:
            raise TimeoutError(f"{topic} gave nothing for 30 s")
        if message.error() is None:
            value = message.value()
            found.append((message.key().decode(), None if value is None else json.loads(value)))
        elif message.error().code() == KafkaError._PARTITION_EOF:
            open_partitions.discard(message.partition())
        else:
            raise RuntimeError(message.error().str())
    consumer.close()
    return found


def models(client: str) -> dict[str, dict]:
    """By id, the trained models there are now."""
    latest = dict(records(client, "models"))
    return {key: value for key, value in latest.items() if value and value["kind"] == "model"}


@dataclass
class Gatherer:
    """Telemetry of one asset on its way to observations, as the plant's processors gather it."""

    tags: list[str]
    every_us: int
    hold_us: int
    begin: float = -np.inf
    slot: float = -np.inf
    last: dict[str, tuple[int, float]] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    since: dict[str, list[float]] = field(default_factory=dict)

    def add(self, record: dict) -> Iterable[tuple[int, list[float]]]:
        """With the first samples of each span comes an observation: its time and a number a tag, NaN where not known."""
        names = record["tags"]
        columns = zip(record["t"], record["tag"], record["value"], record["status"], strict=True)
        samples = sorted((t, names[tag], v, s) for t, tag, v, s in columns if t > self.begin)
        samples = [sample for sample in samples if sample[1] in self.tags]
        for i, (t, name, value, status) in enumerate(samples):
            self._take(t, name, value, status)
            slot = t // self.every_us
            ends = i + 1 == len(samples) or samples[i + 1][0] // self.every_us > slot
            if ends and slot > self.slot:
                self.begin, self.slot = t, slot
                yield t, [self._number(name, t) for name in self.tags]
                self.since = {}

    def _take(self, t: int, name: str, value: object, status: int) -> None:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if status >> 30 != 0 or not is_number:
            self.bad.add(name)
            return
        self.bad.discard(name)
        self.since.setdefault(name, []).append(float(value))
        self.last[name] = (t, float(value))

    def _number(self, name: str, t: int) -> float:
        if name in self.since:
            return float(np.mean(self.since[name]))
        if name in self.bad or name not in self.last or t - self.last[name][0] > self.hold_us:
            return np.nan
        return self.last[name][1]


def lives(telemetry: Iterable[dict], labels: list[dict], spec: dict) -> list[pd.DataFrame]:
    """Observations of each life that ended in a failure, a row an observation, `t` in microseconds."""
    tags = spec["inputs"] + spec["settings"]
    ends = {}
    for label in sorted(labels, key=lambda label: label["at"]):
        if label["what"] in ("failed", "repaired"):
            ends.setdefault(label["asset"], []).append(label)
    found: list[pd.DataFrame] = []
    running: dict[str, tuple[Gatherer, list]] = {}

    def end(asset: str) -> None:
        label = ends[asset].pop(0)
        _, rows = running[asset]
        if label["what"] == "failed" and rows:
            found.append(pd.DataFrame([[t, *row] for t, row in rows], columns=["t", *tags]))
        running[asset] = (gatherer(spec, label["at"]), [])

    for record in telemetry:
        asset = record["asset"]
        if asset not in ends or not record["t"]:
            continue
        running.setdefault(asset, (gatherer(spec), []))
        while ends[asset] and ends[asset][0]["at"] < min(record["t"]):
            end(asset)
        gathering, rows = running[asset]
        rows.extend(gathering.add(record))
    for asset in running:
        while ends[asset]:
            end(asset)
    return found


def gatherer(spec: dict, begin: float = -np.inf) -> Gatherer:
    every, hold = int(spec["everyMs"] * 1000), int(spec["holdMs"] * 1000)
    return Gatherer(spec["inputs"] + spec["settings"], every, hold, begin)


def features(life: pd.DataFrame, spec: dict) -> pd.DataFrame:
    """A model's features of each observation that is whole and plausible; the index is the observation's in the life."""
    inputs = life[spec["inputs"]].to_numpy()
    settings_ = life[spec["settings"]].to_numpy() / np.array(spec["scale"])
    table = {key: np.array([regime[key] for regime in spec["regimes"]]) for key in
             ("centre", "radius", "mean", "deviation", "low", "high")}
    distances = np.linalg.norm(settings_[:, None, :] - table["centre"][None, :, :], axis=2)
    known = ~np.isnan(distances).any(axis=1) & ~np.isnan(inputs).any(axis=1)
    regime = np.where(known, np.argmin(np.where(np.isnan(distances), np.inf, distances), axis=1), 0)
    known &= distances[np.arange(len(life)), regime] <= table["radius"][regime]
    known &= ((inputs >= table["low"][regime]) & (inputs <= table["high"][regime])).all(axis=1)
    deviation = table["deviation"][regime]
    safe = np.where(deviation > 0, deviation, 1)
    z = np.where(deviation > 0, (inputs - table["mean"][regime]) / safe, 0)[:, spec["used"]]
    means = [pd.DataFrame(z[known]).ewm(alpha=1 / span, adjust=True).mean().to_numpy()
             for span in spec["memory"]]
    age = np.arange(1, len(life) + 1)[known].reshape(-1, 1)
    columns = np.hstack([age, *means, *[means[0] - mean for mean in means[1:]]])
    return pd.DataFrame(columns, index=np.arange(len(life))[known])
