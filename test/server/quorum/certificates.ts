import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** An authority that issues certificates for a test, by the program `openssl`. */
export class Authority {
  readonly cert: string
  readonly #folder: string
  readonly #name: string
  #issued = 0

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
    const [key, cert] = [this.#file('key'), this.#file('cert')]
    openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '2')
    this.cert = readFileSync(cert, 'utf8')
    writeFileSync(this.#file('index'), '')
    writeFileSync(
      this.#file('conf'),
      `[ca]\ndefault_ca=it\n[it]\ndatabase=${this.#file('index')}\nnew_certs_dir=${folder}\nrand_serial=yes\n` +
        'default_md=sha256\npolicy=any\nunique_subject=no\ncopy_extensions=copy\n[any]\ncommonName=supplied\n'
    )
  }

  /** @param names such as `IP:127.0.0.1,DNS:localhost` */
  issue(names: string, { isExpired = false } = {}): Identity {
    const one = `${this.#name}-${++this.#issued}`
    const [key, request, cert] = ['key', 'csr', 'cert'].map((kind) => join(this.#folder, `${one}.${kind}`)) as [
      string,
      string,
      string
    ]
    const subject = ['-subj', `/CN=${one}`, '-addext', `subjectAltName=${names}`]
    openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, ...subject)
    const dates = isExpired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '2']
    const by = ['-config', this.#file('conf'), '-keyfile', this.#file('key'), '-cert', this.#file('cert')]
    openssl('ca', '-batch', '-notext', ...by, '-in', request, '-out', cert, ...dates)
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  }

  #file(kind: string): string {
    return join(this.#folder, `${this.#name}.${kind}`)
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
