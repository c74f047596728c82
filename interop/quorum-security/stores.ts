import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Kinds of stores that both kinds of servers read. */
export type StoreKind = 'JKS' | 'PEM' | 'PKCS12'

const ENDINGS: Readonly<Record<StoreKind, string>> = { JKS: 'jks', PEM: 'pem', PKCS12: 'p12' }
const PASSWORD = 'a-password'
const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes']

interface Wishes {
  readonly isExpired?: boolean
  /** Its alternative names. */
  readonly names?: string
  /** Others, as OpenSSL writes them: `crlDistributionPoints=URI:http://…`. */
  readonly extensions?: readonly string[]
}

/** An authority, and what it issues, as an operator makes them with openssl and keytool. */
export class Authority {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
    const out = ['-keyout', this.#file('ca.key'), '-out', this.#file('ca.pem')]
    openssl('req', '-x509', ...NEW_KEY, ...out, '-subj', '/CN=authority', '-days', '10')
    writeFileSync(this.#file('index'), '')
    writeFileSync(
      this.#file('ca.conf'),
      `[ca]\ndefault_ca=it\n[it]\ndatabase=${this.#file('index')}\nnew_certs_dir=${folder}\nrand_serial=yes\n` +
        'default_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\n[any]\ncommonName=supplied\n'
    )
  }

  /** A certificate of a server on the loopback address, and stores of all kinds with its key. */
  issue(name: string, { isExpired = false, names = 'IP:127.0.0.1', extensions = [] }: Wishes = {}): void {
    const [key, request, cert] = [this.#file(`${name}.key`), this.#file(`${name}.csr`), this.#file(`${name}.crt`)]
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`]
    for (const extension of extensions) subject.push('-addext', extension)
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, ...subject)
    const dates = isExpired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '5']
    openssl('ca', '-batch', '-notext', ...this.#own, '-in', request, '-out', cert, ...dates)
    writeFileSync(this.#file(`${name}.pem`), readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'))
    const store = ['-name', name, '-out', this.#file(`${name}.p12`), '-passout', `pass:${PASSWORD}`]
    openssl('pkcs12', '-export', '-inkey', key, '-in', cert, ...store)
    rmSync(this.#file(`${name}.jks`), { force: true })
    const from = ['-srckeystore', this.#file(`${name}.p12`), '-srcstoretype', 'PKCS12', '-srcstorepass', PASSWORD]
    const to = ['-destkeystore', this.#file(`${name}.jks`), '-deststoretype', 'JKS', '-deststorepass', PASSWORD]
    keytool('-importkeystore', '-noprompt', ...from, ...to)
  }

  /** Takes a certificate back. */
  revoke(name: string): void {
    openssl('ca', ...this.#own, '-revoke', this.#file(`${name}.crt`))
  }

  /** A responder that reads the authority's index does not know the certificate any more. */
  forget(name: string): void {
    const lines = readFileSync(this.#file('index'), 'utf8').split('\n')
    writeFileSync(this.#file('index'), lines.filter((line) => !line.endsWith(`/CN=${name}`)).join('\n'))
  }

  /** What is revoked now, in DER. */
  revocationList(): Buffer {
    const [pem, der] = [this.#file('crl.pem'), this.#file('crl.der')]
    openssl('ca', ...this.#own, '-gencrl', '-crldays', '2', '-out', pem)
    openssl('crl', '-in', pem, '-outform', 'DER', '-out', der)
    return readFileSync(der)
  }

  /** Path of a file: `NAME.key`, `NAME.crt`, `NAME.pem`, `NAME.p12`, `NAME.jks`; `ca.pem`, `trust.jks` … */
  file(name: string): string {
    return this.#file(name)
  }

  get password(): string {
    return PASSWORD
  }

  get #own(): readonly string[] {
    return ['-config', this.#file('ca.conf'), '-keyfile', this.#file('ca.key'), '-cert', this.#file('ca.pem')]
  }

  /** Stores with the authority's certificate, to be trusted. */
  makeTrustStores(): void {
    copyFileSync(this.#file('ca.pem'), this.#file('trust.pem'))
    for (const kind of ['JKS', 'PKCS12'] as const) {
      const store = ['-keystore', this.#file(`trust.${ENDINGS[kind]}`), '-storetype', kind, '-storepass', PASSWORD]
      keytool('-importcert', '-noprompt', '-alias', 'ca', '-file', this.#file('ca.pem'), ...store)
    }
  }

  /** `ssl.quorum.*` of a server with this certificate. */
  settings(name: string, kind: StoreKind): Record<string, string> {
    const ending = ENDINGS[kind]
    // Neither key nor trust store has a password in PEM.
    const password = kind === 'PEM' ? '' : PASSWORD
    return {
      'ssl.quorum.keyStore.location': this.#file(`${name}.${ending}`),
      'ssl.quorum.keyStore.password': password,
      'ssl.quorum.trustStore.location': this.#file(`trust.${ending}`),
      'ssl.quorum.trustStore.password': password
    }
  }

  /** Puts the stores of one certificate in the place of another's, each in one go. */
  replace(name: string, by: string): void {
    for (const ending of Object.values(ENDINGS)) {
      const copy = this.#file(`${name}.${ending}.new`)
      copyFileSync(this.#file(`${by}.${ending}`), copy)
      renameSync(copy, this.#file(`${name}.${ending}`))
    }
  }

  /** Key and certificate of a name in PEM, and the authority's certificate. */
  pem(name: string): { readonly key: string; readonly cert: string; readonly ca: string } {
    const read = (file: string): string => readFileSync(this.#file(file), 'utf8')
    return { key: read(`${name}.key`), cert: read(`${name}.crt`), ca: read('ca.pem') }
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function keytool(...args: string[]): void {
  execFileSync('keytool', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
