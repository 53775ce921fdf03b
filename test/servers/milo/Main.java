import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.uint;
import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.ushort;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.security.KeyPair;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.eclipse.milo.opcua.sdk.core.AccessLevel;
import org.eclipse.milo.opcua.sdk.core.QualifiedProperty;
import org.eclipse.milo.opcua.sdk.core.Reference;
import org.eclipse.milo.opcua.sdk.server.EndpointConfig;
import org.eclipse.milo.opcua.sdk.server.ManagedNamespaceWithLifecycle;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfig;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfigLimits;
import org.eclipse.milo.opcua.sdk.server.identity.AnonymousIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.items.DataItem;
import org.eclipse.milo.opcua.sdk.server.items.MonitoredItem;
import org.eclipse.milo.opcua.sdk.server.nodes.UaVariableNode;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.security.DefaultCertificateManager;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateQuarantine;
import org.eclipse.milo.opcua.stack.core.security.DefaultApplicationGroup;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateStore;
import org.eclipse.milo.opcua.stack.core.security.MemoryTrustListManager;
import org.eclipse.milo.opcua.stack.core.security.RsaSha256CertificateFactory;
import org.eclipse.milo.opcua.stack.core.security.SecurityPolicy;
import org.eclipse.milo.opcua.stack.core.types.builtin.ByteString;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.QualifiedName;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.UInteger;
import org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode;
import org.eclipse.milo.opcua.stack.core.types.structured.ReadValueId;
import org.eclipse.milo.opcua.stack.core.util.SelfSignedCertificateBuilder;
import org.eclipse.milo.opcua.stack.core.util.SelfSignedCertificateGenerator;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransport;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransportConfig;

/**
 * An OPC UA server (Eclipse Milo) driven by a test: one command a line on stdin, one answer a line on stdout. It tells
 * every change that is set, whatever the sampling interval.
 *
 *   add NAME VALUE            a writable Double variable ns=1;s=NAME below Objects
 *   set NAME VALUE MICROS     its value, with this source time
 *   count N INTERVAL FROM K   sets n0 ... n(K-1) to 1 ... N, one round each INTERVAL ms
 *   remove NAME               deletes the variable
 *   event SEVERITY TEXT       fires a base event of the Server object
 *   certificate               the server's own, DER in base64
 *   sessions | subscriptions  how many there are
 */
public final class Main {
  static final long EPOCH = 116_444_736_000_000_000L;
  static final NodeId DOUBLE = NodeIds.Double;

  public static void main(String[] args) throws Exception {
    // Aes256_Sha256_RsaPss needs a cipher that Java itself does not have.
    Security.addProvider(new BouncyCastleProvider());
    int port = Integer.parseInt(args[0]);
    OpcUaServer server = new OpcUaServer(config(port), profile ->
        new OpcTcpServerTransport(OpcTcpServerTransportConfig.newBuilder().build()));
    server.getNamespaceTable().add("urn:test:milo");
    Plant plant = new Plant(server);
    plant.startup();
    server.startup().get();
    System.out.println("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) {
      try {
        System.out.println("ok " + plant.handle(line.split(" ")));
      } catch (Exception e) {
        System.out.println("error " + e);
      }
    }
    System.exit(0);
  }

  /** Without security, and with what is secure; every client is trusted. */
  static OpcUaServerConfig config(int port) throws Exception {
    KeyPair keys = SelfSignedCertificateGenerator.generateRsaKeyPair(2048);
    X509Certificate certificate = new SelfSignedCertificateBuilder(keys)
        .setCommonName("Milo test server").setApplicationUri("urn:test:milo").addIpAddress("127.0.0.1").build();
    var store = new MemoryCertificateStore();
    var factory = new RsaSha256CertificateFactory() {
      @Override public KeyPair createKeyPair(NodeId type) { return keys; }
      @Override protected X509Certificate[] createRsaSha256CertificateChain(KeyPair pair) {
        return new X509Certificate[] {certificate};
      }
    };
    var group = DefaultApplicationGroup.createAndInitialize(
        new MemoryTrustListManager(), store, factory, (chain, uri, hosts) -> {});
    Set<EndpointConfig> endpoints = new LinkedHashSet<>();
    for (SecurityPolicy policy : List.of(
        SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss)) {
      endpoints.add(EndpointConfig.newBuilder()
          .setBindAddress("127.0.0.1").setBindPort(port).setHostname("127.0.0.1").setPath("/test")
          .setCertificate(certificate).setSecurityPolicy(policy)
          .setSecurityMode(policy == SecurityPolicy.None
              ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt)
          .addTokenPolicies(OpcUaServerConfig.USER_TOKEN_POLICY_ANONYMOUS).build());
    }
    return OpcUaServerConfig.builder()
        .setApplicationName(LocalizedText.english("Milo test server"))
        .setApplicationUri("urn:test:milo").setProductUri("urn:test:milo")
        .setEndpoints(endpoints)
        .setCertificateManager(new DefaultCertificateManager(new MemoryCertificateQuarantine(), group))
        .setIdentityValidator(AnonymousIdentityValidator.INSTANCE)
        .setLimits(new OpcUaServerConfigLimits() {
          @Override public UInteger getMaxMonitoredItemsPerCall() { return uint(500); }
          @Override public UInteger getMaxNodesPerRead() { return uint(500); }
          @Override public Double getMinPublishingInterval() { return 10.0; }
          @Override public Double getMinSupportedSampleRate() { return 0.0; }
        })
        .build();
  }

  static final class Plant extends ManagedNamespaceWithLifecycle {
    private final OpcUaServer server;
    private final Map<NodeId, List<DataItem>> items = new ConcurrentHashMap<>();

    Plant(OpcUaServer server) {
      super(server, "urn:test:milo");
      this.server = server;
    }

    String handle(String[] words) throws Exception {
      switch (words[0]) {
        case "add" -> add(words[1], Double.parseDouble(words[2]));
        case "set" -> set(words[1], value(Double.parseDouble(words[2]), Long.parseLong(words[3])));
        case "count" -> count(Integer.parseInt(words[1]), Long.parseLong(words[2]), Long.parseLong(words[3]),
            Integer.parseInt(words[4]));
        case "remove" -> node(words[1]).delete();
        case "event" -> fire(Integer.parseInt(words[1]), words[2]);
        case "certificate" -> {
          return Base64.getEncoder().encodeToString(
              server.getConfig().getEndpoints().iterator().next().getCertificate().getEncoded());
        }
        case "sessions" -> { return "" + server.getSessionManager().getCurrentSessionCount(); }
        case "subscriptions" -> { return "" + server.getSubscriptions().size(); }
        default -> throw new IllegalArgumentException(words[0]);
      }
      return "";
    }

    void add(String name, double value) {
      UaVariableNode node = UaVariableNode.builder(getNodeContext())
          .setNodeId(newNodeId(name)).setBrowseName(newQualifiedName(name))
          .setDisplayName(LocalizedText.english(name)).setDataType(DOUBLE)
          .setTypeDefinition(NodeIds.BaseDataVariableType)
          .setMinimumSamplingInterval(0.0).setAccessLevel(AccessLevel.READ_WRITE).setUserAccessLevel(AccessLevel.READ_WRITE)
          .setValue(value(value, System.currentTimeMillis() * 1000)).build();
      node.addReference(new Reference(
          node.getNodeId(), NodeIds.Organizes, NodeIds.ObjectsFolder.expanded(), false));
      node.addAttributeObserver((changed, attribute, written) -> tell(node));
      getNodeManager().addNode(node);
    }

    UaVariableNode node(String name) {
      return (UaVariableNode) getNodeManager().getNode(newNodeId(name)).orElseThrow();
    }

    void set(String name, DataValue value) {
      node(name).setValue(value);
    }

    void count(int rounds, long intervalMs, long fromMicros, int count) throws InterruptedException {
      long begin = System.nanoTime();
      for (int round = 1; round <= rounds; round++) {
        DataValue value = value(round, fromMicros + round * intervalMs * 1000);
        for (int i = 0; i < count; i++) set("n" + i, value);
        long left = begin + round * intervalMs * 1_000_000 - System.nanoTime();
        if (left > 0) Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
      }
    }

    void tell(UaVariableNode node) {
      for (DataItem item : items.getOrDefault(node.getNodeId(), List.of())) item.setValue(node.getValue());
    }

    void fire(int severity, String text) throws Exception {
      var event = server.getEventFactory().createEvent(new NodeId(1, UUID.randomUUID()), NodeIds.BaseEventType);
      event.setBrowseName(new QualifiedName(1, "event"));
      event.setDisplayName(LocalizedText.english("event"));
      event.setEventId(ByteString.of(text.getBytes()));
      event.setEventType(NodeIds.BaseEventType);
      event.setSourceNode(NodeIds.Server);
      event.setSourceName("Server");
      event.setTime(DateTime.now());
      event.setReceiveTime(DateTime.NULL_VALUE);
      event.setMessage(LocalizedText.english(text));
      event.setSeverity(ushort(severity));
      event.setProperty(
          new QualifiedProperty<>(getNamespaceUri(), "Torque", NodeIds.Double.expanded(), -1, Double.class), 12.5);
      server.getEventNotifier().fire(event);
      event.delete();
    }

    static DataValue value(double value, long micros) {
      DateTime time = new DateTime(micros * 10 + EPOCH);
      return new DataValue(new Variant(value), StatusCode.GOOD, time, time);
    }

    /** Takes what is asked for: changes are told as they are set. */
    @Override public RevisedDataItemParameters onCreateDataItem(
        ReadValueId node, Double samplingInterval, UInteger queueSize) {
      return new RevisedDataItemParameters(samplingInterval, queueSize);
    }

    @Override public void onDataItemsCreated(List<DataItem> created) {
      for (DataItem item : created) {
        NodeId id = item.getReadValueId().getNodeId();
        items.computeIfAbsent(id, key -> new CopyOnWriteArrayList<>()).add(item);
        getNodeManager().getNode(id).ifPresent(node -> item.setValue(((UaVariableNode) node).getValue()));
      }
    }

    @Override public void onDataItemsDeleted(List<DataItem> deleted) {
      for (DataItem item : deleted) items.get(item.getReadValueId().getNodeId()).remove(item);
    }

    @Override public void onDataItemsModified(List<DataItem> modified) {}

    @Override public void onMonitoringModeChanged(List<MonitoredItem> changed) {}
  }
}
