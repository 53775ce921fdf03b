"""S7 client of libsnap7 (python-snap7 2.0.2), driven by one JSON command a line on stdin; one JSON answer a line.

  {"op": "connect", "port": 10102, "pdu": 480}
  {"op": "read", "number": 1, "offset": 0, "size": 4}
  {"op": "write", "number": 1, "offset": 0, "hex": "00ff"}
  {"op": "writeBit", "number": 1, "offset": 0, "bit": 3, "value": true}
  {"op": "readMulti", "items": [{"number": 1, "offset": 0, "size": 4}, ...]}   answers [{"hex"} or {"error"}, ...]
  {"op": "poll", "number": 1, "reals": 1000, "requests": 5, "seconds": 1}
                                                               reads and unpacks them again and again, answers {"polls"}
  {"op": "disconnect"}
"""

import ctypes
import struct
import time

from driven import serve
from snap7.client import Client
from snap7.type import Area, Parameter, S7DataItem, WordLen

client = Client()


def connect(command):
    client.set_param(Parameter.PDURequest, command.get("pdu", 480))
    client.connect("127.0.0.1", 0, 1, command["port"])
    return {"pdu": client.get_pdu_length()}


def read(command):
    return {"hex": client.db_read(command["number"], command["offset"], command["size"]).hex()}


def write(command):
    client.db_write(command["number"], command["offset"], bytearray.fromhex(command["hex"]))


def write_bit(command):
    data = (ctypes.c_uint8 * 1)(1 if command["value"] else 0)
    address = command["offset"] * 8 + command["bit"]
    code = client._lib.Cli_WriteArea(
        client._s7_client, Area.DB.value, command["number"], address, 1, WordLen.Bit.value, ctypes.byref(data)
    )
    if code:
        raise RuntimeError(client.error_text(code))


def read_multi(command):
    items = (S7DataItem * len(command["items"]))()
    buffers = []
    for item, wanted in zip(items, command["items"]):
        buffer = ctypes.create_string_buffer(wanted["size"])
        buffers.append(buffer)
        item.Area = Area.DB.value
        item.WordLen = WordLen.Byte.value
        item.DBNumber = wanted["number"]
        item.Start = wanted["offset"]
        item.Amount = wanted["size"]
        item.pData = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_uint8))
    client.read_multi_vars(items)
    return {
        "items": [
            {"hex": buffer.raw.hex()} if item.Result == 0 else {"error": client.error_text(item.Result)}
            for item, buffer in zip(items, buffers)
        ]
    }


def poll(command):
    # A request each, which is faster than to let libsnap7 divide a longer one.
    values = struct.Struct(f">{command['reals'] // command['requests']}f")
    polls = 0
    end = time.monotonic() + command["seconds"]
    while time.monotonic() < end:
        for request in range(command["requests"]):
            values.unpack(client.db_read(command["number"], request * values.size, values.size))
        polls += 1
    return {"polls": polls}


def disconnect(_):
    client.disconnect()


OPS = {
    "connect": connect,
    "read": read,
    "write": write,
    "writeBit": write_bit,
    "readMulti": read_multi,
    "poll": poll,
    "disconnect": disconnect,
}


serve(lambda command: OPS[command["op"]](command))
