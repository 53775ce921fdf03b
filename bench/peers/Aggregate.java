import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Tumbling windows of 1 s for every tag, as a Kafka Streams developer writes them for speed: Processor API, one entry of
 * state an asset in binary, caching, exactly once. A window is closed when the tag's first sample of a later one comes; what
 * is later than that is dropped.
 *
 *   Aggregate CLIENT-PROPERTIES STATE-DIR      then one command a line on stdin, one answer a line on stdout:
 *   start APPLICATION-ID                       reads telemetry from its beginning into APPLICATION-ID-aggregates
 *   usage                                      what it has taken and used so far
 *   stop                                       ends it; another may be started then
 */
public final class Aggregate {
  static final long SECOND = 1_000_000;
  static final LongAdder RECORDS = new LongAdder();

  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    try (FileReader file = new FileReader(args[0])) {
      properties.load(file);
    }
    properties.remove("group.id");
    properties.remove("client.id");
    properties.remove("isolation.level");
    properties.put("state.dir", args[1]);
    properties.put("processing.guarantee", "exactly_once_v2");
    properties.put("num.stream.threads", "2");
    properties.put("commit.interval.ms", "100");
    properties.put("auto.offset.reset", "earliest");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    KafkaStreams streams = null;
    System.out.println("ready");
    for (String line; (line = in.readLine()) != null; ) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "start" -> {
          properties.put("application.id", words[1]);
          streams = new KafkaStreams(topology(words[1] + "-aggregates"), properties);
          streams.start();
          System.out.println("{}");
        }
        case "stop" -> {
          streams.close(Duration.ofSeconds(20));
          RECORDS.reset();
          System.out.println("{}");
        }
        default -> System.out.println(usage());
      }
    }
    System.exit(0);
  }

  static String usage() throws IOException {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long pages = Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    return "{\"records\":" + RECORDS.sum() + ",\"cpuMicros\":" + system.getProcessCpuTime() / 1000
        + ",\"rssBytes\":" + pages * 4096 + "}";
  }

  static Topology topology(String results) {
    var store = Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore("windows"), Serdes.String(), Serdes.ByteArray()).withCachingEnabled();
    return new Topology()
        .addSource("in", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), "telemetry")
        .addProcessor("windows-of-1s", Windows::new, "in")
        .addStateStore(store, "windows-of-1s")
        .addSink("out", results, Serdes.String().serializer(), Serdes.ByteArray().serializer(),
            "windows-of-1s");
  }

  /** The columns of a telemetry record that count here. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public static final class Telemetry {
    public String[] tags;
    public int[] tag;
    public long[] t;
    public double[] value;
    public long[] status;
  }

  static final class Window {
    long start;
    long count;
    long good;
    double min;
    double max;
    double mean;
    double m2;
    double last;
    long lastT;

    void add(long t, double value, boolean isGood) {
      count++;
      if (!isGood) return;
      good++;
      if (good == 1 || value < min) min = value;
      if (good == 1 || value > max) max = value;
      if (good == 1 || t >= lastT) {
        last = value;
        lastT = t;
      }
      double d = value - mean;
      mean += d / good;
      m2 += d * (value - mean);
    }
  }

  /** All open windows of an asset: one a tag. */
  static final class State {
    final Map<String, Window> open = new LinkedHashMap<>();

    static State of(byte[] bytes) {
      State state = new State();
      if (bytes == null) return state;
      ByteBuffer in = ByteBuffer.wrap(bytes);
      while (in.hasRemaining()) {
        byte[] name = new byte[in.getShort()];
        in.get(name);
        Window w = new Window();
        w.start = in.getLong();
        w.count = in.getLong();
        w.good = in.getLong();
        w.min = in.getDouble();
        w.max = in.getDouble();
        w.mean = in.getDouble();
        w.m2 = in.getDouble();
        w.last = in.getDouble();
        w.lastT = in.getLong();
        state.open.put(new String(name, StandardCharsets.UTF_8), w);
      }
      return state;
    }

    byte[] bytes() {
      int size = 0;
      for (String tag : open.keySet()) size += 2 + tag.length() + 72;
      ByteBuffer out = ByteBuffer.allocate(size);
      for (Map.Entry<String, Window> entry : open.entrySet()) {
        byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
        Window w = entry.getValue();
        out.putShort((short) name.length).put(name);
        out.putLong(w.start).putLong(w.count).putLong(w.good);
        out.putDouble(w.min).putDouble(w.max).putDouble(w.mean).putDouble(w.m2).putDouble(w.last).putLong(w.lastT);
      }
      return out.array();
    }
  }

  static final class Windows implements Processor<String, byte[], String, byte[]> {
    static final ObjectReader READER = new ObjectMapper().readerFor(Telemetry.class);
    static final JsonFactory JSON = new JsonFactory();
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> store;

    @Override public void init(ProcessorContext<String, byte[]> context) {
      this.context = context;
      this.store = context.getStateStore("windows");
    }

    @Override public void process(Record<String, byte[]> record) {
      try {
        Telemetry telemetry = READER.readValue(record.value());
        State state = State.of(store.get(record.key()));
        for (int i = 0; i < telemetry.t.length; i++) add(state, telemetry, i, record);
        store.put(record.key(), state.bytes());
        RECORDS.increment();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void add(State state, Telemetry telemetry, int i, Record<String, byte[]> record) throws IOException {
      String tag = telemetry.tags[telemetry.tag[i]];
      long t = telemetry.t[i];
      long start = Math.floorDiv(t, SECOND) * SECOND;
      Window window = state.open.get(tag);
      if (window != null && start < window.start) return;
      if (window == null || window.start != start) {
        if (window != null) give(window, tag, record);
        window = new Window();
        window.start = start;
        state.open.put(tag, window);
      }
      window.add(t, telemetry.value[i], telemetry.status[i] >>> 30 == 0);
    }

    private void give(Window w, String tag, Record<String, byte[]> record) throws IOException {
      ByteArrayOutputStream out = new ByteArrayOutputStream(256);
      try (JsonGenerator json = JSON.createGenerator(out)) {
        json.writeStartObject();
        json.writeNumberField("v", 1);
        json.writeStringField("asset", record.key());
        json.writeStringField("tag", tag);
        json.writeNumberField("start", w.start);
        json.writeNumberField("end", w.start + SECOND);
        json.writeNumberField("count", w.count);
        json.writeNumberField("good", w.good);
        json.writeNumberField("min", w.min);
        json.writeNumberField("max", w.max);
        json.writeNumberField("mean", w.mean);
        json.writeNumberField("std", w.good > 1 ? Math.sqrt(w.m2 / (w.good - 1)) : 0);
        json.writeNumberField("last", w.last);
        json.writeEndObject();
      }
      context.forward(record.withValue(out.toByteArray()));
    }
  }
}
