import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { cClientSources } from '../harness/c-sources.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder } from '../harness/paths.ts'

/** Headers of Cyrus SASL, and its plug-in for Kerberos. */
const PACKAGES = ['libsasl2-dev', 'libsasl2-modules-gssapi-mit']
/** The system's library; DIGEST-MD5 is in libsasl2-modules, which comes with it. */
const LIBRARIES = '/usr/lib/x86_64-linux-gnu'
const JUTE = join('zookeeper-jute', 'src', 'main', 'resources', 'zookeeper.jute')
const CLIENT = join('zookeeper-client', 'zookeeper-client-c')
const SOURCES = ['cli', 'zookeeper', 'zk_log', 'zk_hashtable', 'recordio', 'mt_adaptor', 'addrvec', 'zk_sasl']
const HASHTABLES = ['hashtable', 'hashtable_itr']
/** What its configure script finds on this machine. */
const HAVE =
  'ARPA_INET_H FCNTL_H NETDB_H NETINET_IN_H STDLIB_H STRING_H SYS_SOCKET_H SYS_TIME_H SYS_UTSNAME_H UNISTD_H GETTIMEOFDAY GETHOSTNAME ' +
  'GETLOGIN GETPWUID_R GETUID MEMMOVE MEMSET POLL SOCKET STRCHR STRDUP STRERROR STRTOL CYRUS_SASL_H'
/** FIPS_mode is OpenSSL 1's. */
const OPENSSL = ['-DHAVE_OPENSSL_H', '-DFIPS_mode()=0']
const DOWNLOAD_TIMEOUT_MS = 120_000
const COMPILE_TIMEOUT_MS = 120_000

/** Where the C client's own shell is, with Cyrus SASL and TLS, and the folder of Cyrus' plug-in for Kerberos. */
export interface CShell {
  readonly program: string
  readonly kerberosPlugins: string
}

/**
 * The shell of the C client, compiled with Cyrus SASL and TLS, which the operating system's package is made without.
 *
 * @param classPath of Apache's server: its Jute compiler makes the records
 * @throws Error if something cannot be had
 */
export async function cShell(classPath: string): Promise<CShell> {
  const sources = await cClientSources()
  const packages = await saslPackages()
  const folder = await buildOnce('c-shell-sasl', { texts: [sources, packages, HAVE, ...OPENSSL] }, async (draft) => {
    mkdirSync(draft, { recursive: true })
    const logFile = join(cacheFolder('logs'), 'c-shell-sasl.log')
    const compiler = ['-cp', classPath, 'org.apache.jute.compiler.generated.Rcc', '-l', 'c', join(sources, JUTE)]
    await runCommand({ command: 'java', args: compiler, logFile, cwd: draft }, COMPILE_TIMEOUT_MS)
    const defined = HAVE.split(' ').map((name) => `#define HAVE_${name} 1\n`)
    writeFileSync(join(draft, 'config.h'), `${defined.join('')}#define PACKAGE_STRING "zookeeper C client"\n`)
    const from = join(sources, CLIENT)
    const files = [
      ...SOURCES.map((name) => join(from, 'src', `${name}.c`)),
      ...HASHTABLES.map((name) => join(from, 'src', 'hashtable', `${name}.c`)),
      join(draft, 'zookeeper.jute.c')
    ]
    const include = [join(from, 'include'), join(from, 'src'), draft, join(packages, 'usr/include')].map(
      (path) => `-I${path}`
    )
    const flags = ['-std=gnu99', '-O1', '-w', '-DTHREADED', '-DHAVE_CYRUS_SASL_H', ...OPENSSL, ...include]
    const args = [
      ...flags,
      '-o',
      join(draft, 'cli'),
      ...files,
      '-pthread',
      '-lm',
      '-lssl',
      '-lcrypto',
      join(LIBRARIES, 'libsasl2.so.2')
    ]
    await runCommand({ command: 'gcc', args, logFile }, COMPILE_TIMEOUT_MS)
  })
  return { program: join(folder, 'cli'), kerberosPlugins: join(packages, LIBRARIES, 'sasl2') }
}

/** Unpacked, not installed. */
function saslPackages(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'apt-sasl.log')
  return buildOnce('sasl-packages', { texts: PACKAGES }, async (draft) => {
    mkdirSync(draft, { recursive: true })
    await runCommand({ command: 'apt-get', args: ['download', ...PACKAGES], logFile, cwd: draft }, DOWNLOAD_TIMEOUT_MS)
    for (const file of readdirSync(draft).filter((name) => name.endsWith('.deb'))) {
      await runCommand({ command: 'dpkg', args: ['-x', file, draft], logFile, cwd: draft }, DOWNLOAD_TIMEOUT_MS)
    }
  })
}
