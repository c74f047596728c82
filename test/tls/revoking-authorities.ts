import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Authorities that keep a record of what they issue and revoke, made by OpenSSL in one folder. */
export class RevokingAuthorities {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  file(name: string): string {
    return join(this.#folder, name)
  }

  openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  /** Makes NAME.key, NAME.crt and NAME.index, the record. */
  add(name: string): void {
    const out = ['-keyout', this.file(`${name}.key`), '-out', this.file(`${name}.crt`)]
    this.openssl('req', '-x509', ...KEY, ...out, '-subj', `/CN=${name}`, '-days', '5')
    writeFileSync(this.file(`${name}.index`), '')
    writeFileSync(
      this.file(`${name}.conf`),
      `[ca]\ndefault_ca=it\n[it]\ndatabase=${this.file(`${name}.index`)}\nnew_certs_dir=${this.#folder}\nrand_serial=yes\n` +
        'default_md=sha256\npolicy=any\ncopy_extensions=copy\n[any]\ncommonName=supplied\n'
    )
  }

  /** `openssl ca` as this authority. */
  as(by: string, ...args: readonly string[]): void {
    const key = ['-keyfile', this.file(`${by}.key`), '-cert', this.file(`${by}.crt`)]
    this.openssl('ca', '-config', this.file(`${by}.conf`), ...key, ...args)
  }

  /** Makes NAME.key and NAME.crt. */
  issue(by: string, name: string, ...extensions: readonly string[]): void {
    const out = ['-keyout', this.file(`${name}.key`), '-out', this.file(`${name}.csr`)]
    const wanted = extensions.flatMap((extension) => ['-addext', extension])
    this.openssl('req', ...KEY, ...out, '-subj', `/CN=${name}`, ...wanted)
    const inOut = ['-in', this.file(`${name}.csr`), '-out', this.file(`${name}.crt`), '-days', '3']
    this.as(by, '-batch', '-notext', ...inOut)
  }
}
