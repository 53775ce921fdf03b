"""A Sparkplug B edge node (pysparkplug), driven by JSON lines: one command a line in, one answer a line out."""

import itertools
import threading

from driven import serve
from pysparkplug import (
    DBirth,
    DData,
    DataType,
    Device,
    EdgeNode,
    Message,
    MessageType,
    Metric,
    NBirth,
    NData,
    QoS,
    Topic,
    get_current_timestamp,
)


def metric(given):
    datatype = DataType[given.get("type", "UNKNOWN")]
    value = given.get("value")
    if isinstance(value, str) and datatype.name.endswith("INT64"):
        value = int(value)
    if isinstance(value, list):
        value = tuple(int(x) if isinstance(x, str) and "INT" in datatype.name else x for x in value)
    return Metric(
        timestamp=given.get("timestamp", get_current_timestamp()),
        name=given.get("name"),
        datatype=datatype,
        value=value,
        alias=given.get("alias"),
        is_historical=given.get("historical", False),
        is_null=value is None,
    )


class Driven:
    def __init__(self):
        self.commands = []
        self.lock = threading.Lock()

    def connect(self, command):
        self.group, self.id = command["group"], command["node"]
        self.answers = command.get("answers", True)
        self.node = EdgeNode(self.group, self.id, [metric(m) for m in command["metrics"]], cmd_callback=self.on_node)
        for device, metrics in command.get("devices", {}).items():
            self.node.register(Device(device, [metric(m) for m in metrics], cmd_callback=self.on_device))
        self.node.connect("127.0.0.1", port=command["port"])

    def on_node(self, node, message):
        for each in message.payload.metrics:
            self.commands.append(each.name)
            if each.name == "Node Control/Rebirth" and self.answers:
                self.rebirth(None)

    def on_device(self, node, message):
        for each in message.payload.metrics:
            self.commands.append(each.name)
            node.update_device(message.topic.device_id, [each])

    def publish(self, kind, payload, device=None, dtypes=True):
        topic = Topic(message_type=kind, group_id=self.group, edge_node_id=self.id, device_id=device)
        message = Message(topic=topic, payload=payload, qos=QoS.AT_MOST_ONCE, retain=False)
        self.node._client.publish(message, include_dtypes=dtypes)

    def rebirth(self, _):
        """The library has births at connecting alone."""
        with self.lock:
            self.node._EdgeNode__seq_cycler = itertools.cycle(range(256))
            metrics = (*self.node.metrics.values(), self.node._bd_seq_metric)
            now = get_current_timestamp()
            self.publish(MessageType.NBIRTH, NBirth(timestamp=now, seq=self.node._seq, metrics=metrics))
            for device in self.node.devices.values():
                birth = DBirth(timestamp=now, seq=self.node._seq, metrics=tuple(device.metrics.values()))
                self.publish(MessageType.DBIRTH, birth, device.device_id)

    def update(self, command):
        self.node.update([metric(m) for m in command["metrics"]])

    def update_device(self, command):
        self.node.update_device(command["device"], [metric(m) for m in command["metrics"]])

    def data(self, command):
        """As a node sends that keeps its messages short: without datatypes, aliases for names."""
        device = command.get("device")
        metrics = tuple(metric(m) for m in command["metrics"])
        payload = (DData if device else NData)(timestamp=get_current_timestamp(), seq=self.node._seq, metrics=metrics)
        self.publish(MessageType.DDATA if device else MessageType.NDATA, payload, device, dtypes=False)

    def skip(self, command):
        """Messages that were numbered and never came."""
        for _ in range(command["count"]):
            self.node._seq

    def deregister(self, command):
        self.node.deregister(command["device"])

    def disconnect(self, _):
        self.node.disconnect()

    def received(self, _):
        return {"commands": self.commands}


def main():
    driven = Driven()
    serve(lambda command: getattr(driven, command["op"])(command))


main()
