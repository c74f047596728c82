import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.Record;

/**
 * Encodes the records of a cases file with the Java implementation: GoldenRecords CASES.json GOLDEN.json [LAYOUTS.json].
 *
 * Records without a layout are classes that the Java compiler of Jute made, filled in by reflection. That compiler makes
 * no working code for numbers in vectors, maps of vectors and the like; a layout, [[field, type], ...] by the name of the
 * record, has them written item by item to the same archive instead. A type is a name, or ["vector", item], or
 * ["map", key, value].
 *
 * Values are JSON: longs are decimal strings, buffers hex, maps lists of pairs, and special floating point values strings.
 */
public final class GoldenRecords {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode layouts;

    public static void main(String[] args) throws Exception {
        JsonNode cases = JSON.readTree(new File(args[0]));
        layouts = args.length > 2 ? JSON.readTree(new File(args[2])) : JSON.createObjectNode();
        Map<String, List<Object>> golden = new LinkedHashMap<>();
        golden.put("records", records(cases.path("records")));
        if (cases.has("encodedTexts")) golden.put("encodedTexts", encodedTexts(cases.get("encodedTexts")));
        if (cases.has("decodedBytes")) golden.put("decodedBytes", decodedBytes(cases));
        Files.writeString(new File(args[1]).toPath(), oneLineEach(golden));
    }

    private static String oneLineEach(Map<String, List<Object>> golden) throws Exception {
        List<String> lists = new ArrayList<>();
        for (Map.Entry<String, List<Object>> entry : golden.entrySet()) {
            List<String> lines = new ArrayList<>();
            for (Object line : entry.getValue()) lines.add("    " + JSON.writeValueAsString(line));
            lists.add("  \"" + entry.getKey() + "\": [\n" + String.join(",\n", lines) + "\n  ]");
        }
        return "{\n" + String.join(",\n", lists) + "\n}\n";
    }

    private static List<Object> records(JsonNode cases) throws Exception {
        List<Object> out = new ArrayList<>();
        for (JsonNode each : cases) {
            String name = each.get("record").asText();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            BinaryOutputArchive archive = BinaryOutputArchive.getArchive(bytes);
            if (layouts.has(name)) write(archive, JSON.getNodeFactory().textNode(name), each.get("value"));
            else ((Record) value(each.get("value"), Class.forName(name))).serialize(archive, "record");
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("name", each.get("name").asText());
            line.put("record", name);
            line.put("value", each.get("value"));
            line.put("hex", hex(bytes.toByteArray()));
            out.add(line);
        }
        return out;
    }

    /** Texts in hex of their UTF-16 units, with the bytes that the Java writer makes of them. */
    private static List<Object> encodedTexts(JsonNode texts) throws Exception {
        List<Object> out = new ArrayList<>();
        for (JsonNode each : texts) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            BinaryOutputArchive.getArchive(bytes).writeString(each.asText(), "text");
            out.add(pair("utf16", utf16(each.asText()), "hex", hex(bytes.toByteArray())));
        }
        return out;
    }

    /** Bytes, well formed or not, with the text that the Java reader makes of them. */
    private static List<Object> decodedBytes(JsonNode cases) throws Exception {
        List<byte[]> inputs = new ArrayList<>();
        for (JsonNode each : cases.get("decodedBytes")) inputs.add(unhex(each.asText()));
        JsonNode random = cases.get("randomBytes");
        Random source = new Random(random.get("seed").asLong());
        // Bytes at the edges of the ranges that decoders tell apart.
        int[] edges = {0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5};
        for (int i = 0; i < random.get("count").asInt(); i++) {
            byte[] bytes = new byte[1 + source.nextInt(random.get("lengthMax").asInt())];
            for (int j = 0; j < bytes.length; j++) bytes[j] = (byte) edges[source.nextInt(edges.length)];
            inputs.add(bytes);
        }
        List<Object> out = new ArrayList<>();
        for (byte[] bytes : inputs) {
            ByteArrayOutputStream framed = new ByteArrayOutputStream();
            DataOutputStream data = new DataOutputStream(framed);
            data.writeInt(bytes.length);
            data.write(bytes);
            String text = BinaryInputArchive.getArchive(new ByteArrayInputStream(framed.toByteArray())).readString("text");
            out.add(pair("hex", hex(bytes), "utf16", utf16(text)));
        }
        return out;
    }

    private static void write(BinaryOutputArchive archive, JsonNode type, JsonNode json) throws Exception {
        if (type.isArray() && type.size() == 2) {
            List<Object> items = json.isNull() ? null : Arrays.asList(new Object[json.size()]);
            archive.startVector(items, "items");
            for (JsonNode item : json) write(archive, type.get(1), item);
            archive.endVector(items, "items");
            return;
        }
        if (type.isArray()) {
            TreeMap<Integer, Object> entries = new TreeMap<>(); // only its size is written
            for (int i = 0; i < json.size(); i++) entries.put(i, "");
            archive.startMap(entries, "entries");
            for (JsonNode entry : json) {
                write(archive, type.get(1), entry.get(0));
                write(archive, type.get(2), entry.get(1));
            }
            archive.endMap(entries, "entries");
            return;
        }
        switch (type.asText()) {
            case "byte": archive.writeByte((Byte) value(json, byte.class), "item"); break;
            case "boolean": archive.writeBool((Boolean) value(json, boolean.class), "item"); break;
            case "int": archive.writeInt((Integer) value(json, int.class), "item"); break;
            case "long": archive.writeLong((Long) value(json, long.class), "item"); break;
            case "float": archive.writeFloat((Float) value(json, float.class), "item"); break;
            case "double": archive.writeDouble((Double) value(json, double.class), "item"); break;
            case "ustring": archive.writeString((String) value(json, String.class), "item"); break;
            case "buffer": archive.writeBuffer((byte[]) value(json, byte[].class), "item"); break;
            default:
                for (JsonNode field : layouts.get(type.asText())) {
                    write(archive, field.get(1), json.get(field.get(0).asText()));
                }
        }
    }

    private static Map<String, String> pair(String firstKey, String first, String secondKey, String second) {
        Map<String, String> line = new LinkedHashMap<>(); // in order, so that running this again changes nothing
        line.put(firstKey, first);
        line.put(secondKey, second);
        return line;
    }

    private static Object value(JsonNode json, Type type) throws Exception {
        if (type == byte.class || type == Byte.class) return (byte) json.asInt();
        if (type == boolean.class || type == Boolean.class) return json.asBoolean();
        if (type == int.class || type == Integer.class) return json.asInt();
        if (type == long.class || type == Long.class) return Long.parseLong(json.asText());
        if (type == float.class || type == Float.class) return Float.parseFloat(json.asText());
        if (type == double.class || type == Double.class) return Double.parseDouble(json.asText());
        if (json.isNull()) return null;
        if (type == String.class) return json.asText();
        if (type == byte[].class) return unhex(json.asText());
        if (type instanceof ParameterizedType) {
            List<Object> items = new ArrayList<>();
            for (JsonNode item : json) items.add(value(item, ((ParameterizedType) type).getActualTypeArguments()[0]));
            return items;
        }
        Object record = ((Class<?>) type).getConstructor().newInstance();
        for (Field field : ((Class<?>) type).getDeclaredFields()) {
            if (!json.has(field.getName())) throw new IllegalArgumentException(type + " has no value for " + field.getName());
            field.setAccessible(true);
            field.set(record, value(json.get(field.getName()), field.getGenericType()));
        }
        return record;
    }

    /** Unit by unit: an encoder would replace lone surrogates. */
    private static String utf16(String text) {
        StringBuilder out = new StringBuilder();
        for (char unit : text.toCharArray()) out.append(String.format("%04x", (int) unit));
        return out.toString();
    }

    private static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte each : bytes) out.append(String.format("%02x", each));
        return out.toString();
    }

    private static byte[] unhex(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        return bytes;
    }
}
