import java.util.Random;

/** Prints ids (decimal) and the passwords that `java.util.Random` gives for them. See README.md. */
public final class SessionPasswords {
    private static final long SECRET = 0xB3415C00L;

    public static void main(String[] args) {
        long[] special = {
            1, -1, 2, 0x7fffffffL, 0x80000000L, 0xffffffffL, 0x100000000L, Long.MAX_VALUE, Long.MIN_VALUE,
            Long.MIN_VALUE + 1, 0xB3415C00L, 0x5DEECE66DL, 0x5DEECE66DL ^ SECRET, 0xffffffffffffL, 0x1000000000000L,
            0x0100001234560000L, 0xff00001234560001L, 72057687704731648L
        };
        for (long id : special) print(id);
        Random ids = new Random(2024);
        for (int count = 0; count < 200; count++) print(ids.nextLong());
    }

    private static void print(long id) {
        byte[] password = new byte[16];
        new Random(id ^ SECRET).nextBytes(password);
        StringBuilder hex = new StringBuilder();
        for (byte value : password) hex.append(String.format("%02x", value));
        System.out.println(id + " " + hex);
    }
}
