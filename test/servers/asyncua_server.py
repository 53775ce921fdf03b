"""An OPC UA server (asyncua) driven by a test: one JSON command a line on stdin, one JSON answer a line on stdout.

    {"id": 1, "op": "add", "nodes": [{"nodeId": "ns=1;s=A", "type": "Double", "value": 0}]}
    {"id": 2, "op": "set", "sets": [{"nodeId": "ns=1;s=A", "value": 1.5, "sourceMicros": 1700000000000001, "status": 0}]}
    {"id": 3, "op": "stop"}

The first line on stdout is {"ready": true, "port": ...}; stdin's end stops the server. Values in JSON: 64-bit integers as
decimal strings, ByteString as base64, DateTime as ISO text, LocalizedText as {"text", "locale"}; a list is an array, a list
of lists a matrix.
"""

import argparse
import asyncio
import base64
import json
import logging
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.common.structures104 import new_enum, new_struct, new_struct_field
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import InternalSession
from cryptography.hazmat.primitives.hashes import SHA1, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

POLICIES = {
    "None": ua.SecurityPolicyType.NoSecurity,
    "Basic256Sha256_Sign": ua.SecurityPolicyType.Basic256Sha256_Sign,
    "Basic256Sha256_SignAndEncrypt": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes128Sha256RsaOaep_SignAndEncrypt": ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    "Aes256Sha256RsaPss_SignAndEncrypt": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Users:
    """Named users with passwords and users with certificates; anonymous ones too, unless there are named ones."""

    def __init__(self, users, certificates):
        self.users = users
        self.certificates = certificates

    def get_user(self, iserver, username=None, password=None, certificate=None):
        if isinstance(password, bytes):
            password = password.decode()
        if username is None and self.users:
            digest = Hash(SHA1())
            der = certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)
            digest.update(der)
            return User(role=UserRole.User) if digest.finalize().hex() in self.certificates else None
        if not self.users or (username in self.users and self.users[username] == password):
            return User(role=UserRole.User)
        return None


class Plant:
    def __init__(self, args):
        self.args = args
        self.types = {}
        self.trusted = None
        self.server = None

    async def start(self):
        users = json.loads(self.args.users)
        self.user_certificates = set()
        server = self.server = Server(user_manager=Users(users, self.user_certificates))
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{self.args.port}/test")
        uri = "urn:test:asyncua"
        await server.set_application_uri(uri)
        await server.register_namespace(uri)
        if users:
            server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken])
        certs = Path(self.args.certs)
        certificate, key = certs / "server.der", certs / "server.pem"
        await setup_self_signed_certificate(
            key, certificate, uri, "localhost", [ExtendedKeyUsageOID.SERVER_AUTH], {"commonName": "asyncua test"}
        )
        await server.load_certificate(str(certificate))
        await server.load_private_key(str(key))
        server.set_security_policy([POLICIES[name] for name in self.args.policies.split(",")])
        server.set_certificate_validator(self.check_client)
        InternalSession.max_connections = self.args.max_sessions
        await server.start()

    async def check_client(self, certificate, _description):
        digest = Hash(SHA1())
        digest.update(certificate.public_bytes(Encoding.DER))
        if self.trusted is not None and digest.finalize().hex() not in self.trusted:
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    async def handle(self, op, command):
        return await getattr(self, f"do_{op}")(command)

    async def do_add(self, command):
        objects = self.server.nodes.objects
        for spec in command["nodes"]:
            node_id = ua.NodeId.from_string(spec["nodeId"])
            self.types[spec["nodeId"]] = spec
            variant = self.variant(spec, spec["value"])
            node = await objects.add_variable(node_id, ua.QualifiedName(str(node_id.Identifier), 1), variant)
            if spec.get("writable"):
                await node.set_writable()

    async def do_set(self, command):
        for item in command["sets"]:
            value = self.data_value(self.types[item["nodeId"]], item)
            await self.server.write_attribute_value(ua.NodeId.from_string(item["nodeId"]), value)

    async def do_count(self, command):
        """Writes `count` numbered rounds to all nodes, one every `intervalMs`, stamped by round."""
        loop = asyncio.get_running_loop()
        ids = [ua.NodeId.from_string(text) for text in command["nodeIds"]]
        begin = loop.time()
        for number in range(1, command["count"] + 1):
            stamp = EPOCH + timedelta(microseconds=command["fromMicros"] + number * command["intervalMs"] * 1000)
            for node_id in ids:
                variant = ua.Variant(number, ua.VariantType.UInt32)
                await self.server.write_attribute_value(
                    node_id, ua.DataValue(variant, SourceTimestamp=stamp, ServerTimestamp=stamp)
                )
            await asyncio.sleep(max(0, begin + number * command["intervalMs"] / 1000 - loop.time()))

    async def do_structure(self, command):
        """A structure with a nested one, an enumeration, 64-bit and float fields, and an array; and a variable of it."""
        idx = 1
        enum = await new_enum(self.server, idx, "Gait", ["Stop", "Walk", "Run"])
        inner, _ = await new_struct(self.server, idx, "Inner", [new_struct_field("Depth", ua.VariantType.Float)])
        await new_struct(
            self.server,
            idx,
            "Outer",
            [
                new_struct_field("Count", ua.VariantType.Int64),
                new_struct_field("Ratio", ua.VariantType.Float),
                new_struct_field("Name", ua.VariantType.String),
                new_struct_field("Points", ua.VariantType.Double, array=True),
                new_struct_field("Gait", enum),
                new_struct_field("Inner", inner),
            ],
        )
        await self.server.load_data_type_definitions()
        outer = ua.Outer()
        outer.Count, outer.Ratio, outer.Name, outer.Points = -(2**53) - 1, 0.1, "axis", [1.5, 2.5]
        outer.Gait, outer.Inner = ua.Gait.Walk, ua.Inner(Depth=0.3)
        node_id = ua.NodeId.from_string(command["nodeId"])
        await self.server.nodes.objects.add_variable(node_id, "1:Outer", outer)

    async def do_trust(self, command):
        """Which clients' certificates are trusted, by SHA-1 of the DER; null trusts all."""
        self.trusted = command["sha1"]

    async def do_user(self, command):
        """Lets the user with this certificate in, by SHA-1 of the DER."""
        self.user_certificates.add(command["sha1"])

    async def do_read(self, command):
        value = self.server.read_attribute_value(ua.NodeId.from_string(command["nodeId"]))
        return {"value": value.Value.Value, "type": value.Value.VariantType.name}

    async def do_unacknowledged(self, _command):
        """How many notification messages the server keeps because nobody has acknowledged them."""
        subscriptions = self.server.iserver.subscription_service.subscriptions.values()
        return {"messages": sum(len(made._not_acknowledged_results) for made in subscriptions)}

    async def do_sessions(self, _command):
        return {"sessions": InternalSession._current_connections}

    def data_value(self, spec, item):
        stamp = lambda key: EPOCH + timedelta(microseconds=item[key]) if item.get(key) is not None else None
        variant = self.variant(spec, item["value"]) if "value" in item else None
        return ua.DataValue(
            Value=variant,
            StatusCode_=ua.StatusCode(item.get("status", 0)),
            SourceTimestamp=stamp("sourceMicros"),
            SourcePicoseconds=item.get("sourcePicoseconds"),
            ServerTimestamp=stamp("serverMicros"),
        )

    def variant(self, spec, value):
        kind = ua.VariantType[spec["type"]]
        if isinstance(value, list):
            return ua.Variant(convert_all(kind, value), kind, is_array=True)
        return ua.Variant(convert(kind, value), kind)


def convert_all(kind, value):
    return [convert_all(kind, part) for part in value] if isinstance(value, list) else convert(kind, value)


def convert(kind, value):
    if kind in (ua.VariantType.Int64, ua.VariantType.UInt64):
        return int(value)
    if kind in (ua.VariantType.Float, ua.VariantType.Double):
        return float(value)
    makers = {
        ua.VariantType.DateTime: lambda: datetime.fromisoformat(value.replace("Z", "+00:00")),
        ua.VariantType.Guid: lambda: uuid.UUID(value),
        ua.VariantType.ByteString: lambda: base64.b64decode(value),
        ua.VariantType.XmlElement: lambda: ua.XmlElement(value),
        ua.VariantType.NodeId: lambda: ua.NodeId.from_string(value),
        ua.VariantType.ExpandedNodeId: lambda: ua.ExpandedNodeId.from_string(value),
        ua.VariantType.StatusCode: lambda: ua.StatusCode(value),
        ua.VariantType.QualifiedName: lambda: ua.QualifiedName.from_string(value),
        ua.VariantType.LocalizedText: lambda: ua.LocalizedText(value["text"], value["locale"]),
        ua.VariantType.Variant: lambda: ua.Variant(value),
    }
    return makers[kind]() if kind in makers else value


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certs", required=True)
    parser.add_argument("--policies", default="Basic256Sha256_SignAndEncrypt")
    parser.add_argument("--users", default="{}")
    parser.add_argument("--max-sessions", type=int, default=1000)
    plant = Plant(parser.parse_args())
    logging.basicConfig(level=logging.CRITICAL)
    await plant.start()
    say({"ready": True})
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command = json.loads(line)
        if command["op"] == "stop":
            break
        try:
            result = await plant.handle(command["op"], command)
            say({"id": command["id"], "result": result})
        except Exception as error:
            say({"id": command["id"], "error": f"{type(error).__name__}: {error}"})
    await plant.server.stop()


def say(message):
    print(json.dumps(message, default=str), flush=True)


asyncio.run(main())
