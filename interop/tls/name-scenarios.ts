import { join } from 'node:path'
import type { ServerKind } from '../harness/server.ts'
import { javaClient, type Properties } from './clients.ts'
import { type Certificates, clientOf, type Observe, storesOf, withServer } from './scenarios.ts'

/** One name of each kind that OpenSSL writes from a command line, two of some. */
const NAMES = [
  'URI:urn:app:one(two;three;four)',
  'URI:spiffe://example.org/ns/ops/sa/app',
  'DNS:app.example.org',
  'DNS:localhost',
  'email:app@example.org',
  'IP:127.0.0.1',
  'IP:2001:db8::1',
  'RID:1.2.3.4.5',
  'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:app'
].join(',')

const PREFIX = 'ssl.x509.clientCertIdSan'
const PROVIDER = { 'authProvider.x509': 'interop.AlternativeNameProvider', 'ssl.authProvider': 'x509' }

interface Wish {
  readonly kind: number
  readonly match?: string
  readonly extract?: string
  readonly group?: number
}

const WISHES: readonly Wish[] = [
  { kind: 6 }, // two names: none is meant
  { kind: 6, match: '^urn' },
  { kind: 6, match: 'urn\\:app', extract: '^urn:app:(.+)\\((.+);.+;.+\\)$', group: 2 },
  { kind: 6, match: 'spiffe', extract: 'sa/(?<name>[^/]+)$', group: 1 },
  { kind: 6, match: 'spiffe', extract: 'nothing' },
  { kind: 6, match: 'spiffe', extract: '(x)?spiffe', group: 1 }, // a group that took no part
  { kind: 2, match: '\\.org$' },
  { kind: 1, extract: '^[^@]+' },
  { kind: 7, match: '^2001' },
  { kind: 7, match: '^127', extract: '^(\\d+)\\.(\\d+)', group: 2 },
  { kind: 8 },
  { kind: 0 },
  { kind: 4 }
]

/** Ids from alternative names: Apache's server has them by a provider that was written for this, with Java's own means. */
export async function runNames(
  kind: ServerKind,
  { authority }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  authority.issue('names', { names: NAMES })
  const stores = storesOf(authority, 'server', 'PEM')
  const client = clientOf(authority, 'names', 'PEM')
  const askWho = async (name: string, place: string, config: Properties): Promise<void> =>
    observe(name, async () => {
      let seen = ''
      await withServer(kind, join(folder, place), { ...stores, ...config }, async ({ securePort }) => {
        seen = await javaClient(securePort, client, 'who')
      })
      return seen
    })
  // Without the provider, which is what 3.9.5 is, the keys do nothing there.
  await askWho('the subject, by default', 'subject', {})
  const provider: Properties = kind === 'apache' ? PROVIDER : { 'ssl.x509.clientCertIdType': 'san' }
  for (const [index, wish] of WISHES.entries()) {
    const keys = {
      [`${PREFIX}MatchType`]: wish.kind,
      [`${PREFIX}MatchRegex`]: wish.match,
      [`${PREFIX}ExtractRegex`]: wish.extract,
      [`${PREFIX}ExtractMatcherGroupIndex`]: wish.group
    }
    const given = Object.entries(keys).filter(([, value]) => value !== undefined)
    // A properties file takes a backslash for its own.
    const config = Object.fromEntries(given.map(([key, value]) => [key, String(value).replaceAll('\\', '\\\\')]))
    await askWho(`an alternative name: ${JSON.stringify(wish)}`, `wish-${index}`, { ...provider, ...config })
  }
}
