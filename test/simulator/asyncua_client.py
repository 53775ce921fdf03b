"""An OPC UA client of asyncua, driven by one JSON command a line on stdin; one JSON answer a line on stdout.

  {"op": "certificate", "dir": "/tmp/x"}      makes client.der and client.pem there
  {"op": "connect", "url": "opc.tcp://...", "dir": "/tmp/x"}     without "dir": security mode None
  {"op": "read", "nodeId": "ns=1;s=Press1.Mode"}
  {"op": "browse", "path": ["Objects", "1:Press1"]}
  {"op": "watch", "nodeId": "...", "count": 3}     the next notifications of a subscription, in order
  {"op": "disconnect"}
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.x509.oid import ExtendedKeyUsageOID

URI = "urn:test:asyncua-client"
state = {"client": None}


def files(command):
    folder = Path(command["dir"])
    return folder / "client.der", folder / "client.pem"


async def certificate(command):
    der, key = files(command)
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
    await setup_self_signed_certificate(key, der, URI, "localhost", usage, {"commonName": "test client"})


async def connect(command):
    client = Client(command["url"], timeout=10)
    client.application_uri = URI
    if "dir" in command:
        der, key = files(command)
        mode = ua.MessageSecurityMode.SignAndEncrypt
        await client.set_security(SecurityPolicyBasic256Sha256, str(der), str(key), mode=mode)
    await client.connect()
    state["client"] = client


def told(value):
    data = value.Value.Value
    return {
        "value": data,
        "type": value.Value.VariantType.name,
        "status": value.StatusCode.value,
        "source": value.SourceTimestamp.timestamp() if value.SourceTimestamp else None,
    }


async def read(command):
    node = state["client"].get_node(command["nodeId"])
    return told(await node.read_data_value(raise_on_bad_status=False))


async def browse(command):
    node = await state["client"].nodes.root.get_child(["0:" + p if ":" not in p else p for p in command["path"]])
    return {"names": [(await child.read_browse_name()).Name for child in await node.get_children()]}


class Watcher:
    def __init__(self):
        self.values = asyncio.Queue()

    def datachange_notification(self, node, value, data):
        self.values.put_nowait(told(data.monitored_item.Value))


async def watch(command):
    watcher = Watcher()
    subscription = await state["client"].create_subscription(100, watcher)
    node = state["client"].get_node(command["nodeId"])
    await subscription.subscribe_data_change(node, sampling_interval=0, queuesize=20)
    values = [await asyncio.wait_for(watcher.values.get(), 20) for _ in range(command["count"])]
    await subscription.delete()
    return {"values": values}


async def disconnect(_):
    await state["client"].disconnect()


OPS = {
    "certificate": certificate,
    "connect": connect,
    "read": read,
    "browse": browse,
    "watch": watch,
    "disconnect": disconnect,
}


async def main():
    logging.disable(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            answer = await OPS[command["op"]](command) or {}
        except Exception as error:  # told to whoever drives
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
