"""S7 server of libsnap7 (python-snap7 2.0.2), driven by one JSON command a line on stdin; one JSON answer a line.

  {"op": "register", "area": "DB", "number": 1, "size": 100}   areas DB, MK, PE, PA, TM, CT
  {"op": "unregister", "area": "DB", "number": 1}
  {"op": "set", "number": 1, "offset": 0, "hex": "00ff"}         whole under the server's lock: no client sees half of it
  {"op": "set", "sets": [{"number": 1, "offset": 0, "hex": ".."}, ...]}
  {"op": "get", "number": 1, "offset": 0, "size": 4}
  {"op": "put", "number": 1, "type": "real", "args": [8, 0.1]}   snap7.util.set_real(block, 8, 0.1)
  {"op": "show", "number": 1, "type": "real", "args": [8]}       text of snap7.util.get_real(block, 8)
  {"op": "reads", "number": 1}                                   how often every byte was read since its last set
  {"op": "start", "port": 10102}                                 listens on 127.0.0.1
  {"op": "clients"}
  {"op": "stop"}

`area` is DB where left out. Ends with its stdin.
"""

import ctypes
from collections import Counter
from contextlib import ExitStack, contextmanager
from itertools import accumulate

from driven import serve
from snap7 import util
from snap7.server import Server
from snap7.type import SrvArea

AREAS = {"DB": SrvArea.DB, "MK": SrvArea.MK, "PE": SrvArea.PE, "PA": SrvArea.PA, "TM": SrvArea.TM, "CT": SrvArea.CT}
# Of snap7_libmain.h: the mask of what is queued for pick_event, the event of a read, the area code of data blocks in it.
MK_EVENT = 0
EVC_DATA_READ = 0x00020000
S7_AREA_DB = 0x84


class Driven:
    def __init__(self):
        self.server = Server(log=False)
        self.server.set_mask(MK_EVENT, EVC_DATA_READ)
        self.areas = {}
        self.edges = {}  # by data block: where reads began (+) and ended (-) since its last set

    def key(self, command):
        return command.get("area", "DB"), command.get("number", 0)

    def register(self, command):
        area, number = key = self.key(command)
        self.areas[key] = (ctypes.c_uint8 * command["size"])()
        self.server.register_area(AREAS[area], number, self.areas[key])

    def unregister(self, command):
        area, number = key = self.key(command)
        self.server.unregister_area(AREAS[area], number)
        del self.areas[key]

    @contextmanager
    def locked(self, key):
        area, number = key
        self.server.lock_area(AREAS[area], number)
        try:
            yield
        finally:
            self.server.unlock_area(AREAS[area], number)

    def set(self, command):
        sets = [(self.key(one), one["offset"], bytes.fromhex(one["hex"])) for one in command.get("sets", [command])]
        for key, offset, data in sets:
            if offset + len(data) > len(self.areas[key]):
                raise ValueError(f"{key} has {len(self.areas[key])} bytes")
        self.count_reads()
        with ExitStack() as stack:
            for key in {key for key, _, _ in sets}:
                stack.enter_context(self.locked(key))
                self.edges.pop(key, None)
            for key, offset, data in sets:
                ctypes.memmove(ctypes.addressof(self.areas[key]) + offset, data, len(data))

    def get(self, command):
        offset, size = command["offset"], command["size"]
        return {"hex": bytes(self.areas[self.key(command)])[offset : offset + size].hex()}

    def put(self, command):
        key = self.key(command)
        block = bytearray(self.areas[key])
        getattr(util, f"set_{command['type']}")(block, *command["args"])
        self.set({"area": key[0], "number": key[1], "offset": 0, "hex": block.hex()})

    def show(self, command):
        block = bytearray(self.areas[self.key(command)])
        return {"text": str(getattr(util, f"get_{command['type']}")(block, *command["args"]))}

    def count_reads(self):
        while event := self.server.pick_event():
            if event.EvtCode != EVC_DATA_READ or event.EvtRetCode != 0 or event.EvtParam1 != S7_AREA_DB:
                continue
            edges = self.edges.setdefault(("DB", event.EvtParam2), Counter())
            edges[event.EvtParam3] += 1
            edges[event.EvtParam3 + event.EvtParam4] -= 1

    def reads(self, command):
        key = self.key(command)
        self.count_reads()
        edges = self.edges.get(key, Counter())
        reads = min(accumulate(edges[at] for at in range(len(self.areas[key]))))
        # A client's answer that was copied before the set may be told only after it: one read a client is not counted.
        return {"reads": max(0, reads - self.server.get_status()[2])}

    def start(self, command):
        self.server.start_to("127.0.0.1", command["port"])

    def clients(self, _):
        return {"clients": self.server.get_status()[2]}

    def stop(self, _):
        self.server.stop()


def main():
    driven = Driven()
    serve(lambda command: getattr(driven, command["op"])(command))
    driven.server.stop()


main()
