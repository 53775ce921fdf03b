"""Modbus/TCP server of pymodbus, driven by one JSON command a line on stdin; one JSON answer a line.

Unit 1 has the coils, discrete inputs, holding and input registers 0 to 99 and 200 to 299; between them is nothing.

  {"op": "start", "port": 10502}                                         listens on 127.0.0.1
  {"op": "set", "area": "holding", "address": 3, "values": [17, 4]}        registers, or true and false
  {"op": "get", "area": "holding", "address": 3, "count": 2}
  {"op": "encode", "type": "FLOAT32", "value": 0.1, "wordOrder": "big"}    pymodbus' own registers for a value
  {"op": "answer", "exception": 6}                                       every read is refused so, 0: none is
  {"op": "delay", "seconds": 0.3}                                        every answer takes so long
  {"op": "clients"}
  {"op": "requests"}                                                     [function, address, count] since the last time

Ends with its stdin.
"""

import asyncio
import json
import sys

from pymodbus.client import ModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

READ = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITE = {"coil": 15, "discrete": 2, "holding": 16, "input": 4}


class Driven:
    def __init__(self):
        self.server = None
        self.clients = 0
        self.exception = 0
        self.seconds = 0
        self.requests = []
        self.own = False

    async def start(self, command):
        registers = lambda: [
            SimData(0, values=[0] * 100, datatype=DataType.REGISTERS),
            SimData(200, values=[0] * 100, datatype=DataType.REGISTERS),
        ]
        bits = lambda: [SimData(0, values=[False] * 96, datatype=DataType.BITS)]
        device = SimDevice(1, simdata=(bits(), bits(), registers(), registers()), action=self.act)
        self.server = ModbusTcpServer(device, address=("127.0.0.1", command["port"]), trace_connect=self.connected)
        await self.server.serve_forever(background=True)

    def connected(self, is_connected):
        self.clients += 1 if is_connected else -1

    async def act(self, function, start, address, count, registers, values):
        if self.own:
            return None
        self.requests.append([function, address, count])
        if self.seconds:
            await asyncio.sleep(self.seconds)
        return ExcCodes(self.exception) if self.exception and values is None else None

    async def set(self, command):
        self.own = True
        await self.server.async_setValues(1, WRITE[command["area"]], command["address"], command["values"])
        self.own = False

    async def get(self, command):
        self.own = True
        values = await self.server.async_getValues(1, READ[command["area"]], command["address"], command["count"])
        self.own = False
        return {"values": values}

    async def encode(self, command):
        kind = ModbusTcpClient.DATATYPE[command["type"]]
        value = int(command["value"]) if "INT" in command["type"] else command["value"]
        return {"registers": ModbusTcpClient.convert_to_registers(value, kind, command["wordOrder"])}

    async def answer(self, command):
        self.exception = command["exception"]

    async def delay(self, command):
        self.seconds = command["seconds"]

    async def run(self, command):
        op = command["op"]
        if op == "clients":
            return {"clients": self.clients}
        if op == "requests":
            requests, self.requests = self.requests, []
            return {"requests": requests}
        return await {
            "start": self.start,
            "set": self.set,
            "get": self.get,
            "encode": self.encode,
            "answer": self.answer,
            "delay": self.delay,
        }[op](command)


async def main():
    driven = Driven()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            result = await driven.run(json.loads(line)) or {}
        except Exception as error:  # told to the test
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)


asyncio.run(main())
