package interop;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.common.X509Exception;
import org.apache.zookeeper.server.auth.X509AuthenticationProvider;

/**
 * Gives Apache's server ids from alternative names, in the place that it has for that, by the keys of zoonode: with Java's own
 * reading of certificates and Java's own regular expressions.
 */
public final class AlternativeNameProvider extends X509AuthenticationProvider {
    private static final String PREFIX = "zookeeper.ssl.x509.clientCertIdSan";

    public AlternativeNameProvider() throws X509Exception {}

    @Override
    protected String getClientId(X509Certificate certificate) {
        try {
            String id = find(certificate.getSubjectAlternativeNames());
            if (id != null) return id;
        } catch (CertificateParsingException e) {
            // its subject, then
        }
        return super.getClientId(certificate);
    }

    private static String find(Collection<List<?>> names) {
        int kind = Integer.getInteger(PREFIX + "MatchType", 6);
        Pattern match = Pattern.compile(System.getProperty(PREFIX + "MatchRegex", ".*"));
        String found = null;
        for (List<?> name : names == null ? List.<List<?>>of() : names) {
            if (!name.get(0).equals(kind) || !(name.get(1) instanceof String text) || !match.matcher(text).find()) continue;
            if (found != null) return null;
            found = text;
        }
        if (found == null) return null;
        Matcher matcher = Pattern.compile(System.getProperty(PREFIX + "ExtractRegex", ".*")).matcher(found);
        return matcher.find() ? matcher.group(Integer.getInteger(PREFIX + "ExtractMatcherGroupIndex", 0)) : null;
    }

    @Override
    public boolean isValid(String id) {
        return !id.isEmpty();
    }
}
