import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, runCommand, startChild } from '../harness/child.ts'
import { freePort } from '../harness/free-port.ts'
import { waitFor } from '../harness/wait-for.ts'

const REALM = 'ZK.TEST'
const START_TIMEOUT_MS = 20_000
const COMMAND_TIMEOUT_MS = 30_000

/**
 * Where MIT's programs are: `INTEROP_KRB5` names a folder into which Debian's packages krb5-kdc, krb5-admin-server, krb5-user and
 * what they need have been unpacked; without it, the system's.
 */
function krb5Root(): string {
  return process.env.INTEROP_KRB5 ?? '/'
}

/** Whether there are programs for a key distribution centre on this machine. */
export function hasKdc(): boolean {
  return ['usr/sbin/krb5kdc', 'usr/sbin/kadmin.local', 'usr/bin/kinit'].every((file) =>
    existsSync(join(krb5Root(), file))
  )
}

/** What to do about it. */
export const NO_KDC = "there is no krb5kdc; Debian's krb5-kdc, krb5-admin-server and krb5-user have what is needed"

/** A key distribution centre of MIT Kerberos on a loopback port, with a realm of its own. */
export class Kdc {
  readonly configFile: string
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  #child: Child | null = null

  private constructor(folder: string) {
    this.#folder = folder
    this.configFile = join(folder, 'krb5.conf')
    const libraries = join(krb5Root(), 'usr/lib/x86_64-linux-gnu')
    this.#env = {
      KRB5_CONFIG: this.configFile,
      KRB5_KDC_PROFILE: join(folder, 'kdc.conf'),
      ...(krb5Root() === '/' ? {} : { LD_LIBRARY_PATH: libraries })
    }
  }

  static async start(folder: string): Promise<Kdc> {
    mkdirSync(folder, { recursive: true })
    const kdc = new Kdc(folder)
    await kdc.#start()
    return kdc
  }

  /** Makes principals with random keys, and a key table of them all. */
  async keytab(name: string, ...principals: readonly string[]): Promise<string> {
    const file = join(this.#folder, `${name}.keytab`)
    for (const principal of principals) await this.#kadmin(`addprinc -randkey ${principal}`)
    await this.#kadmin(`ktadd -k ${file} ${principals.join(' ')}`)
    return file
  }

  /** A cache with a ticket of a principal, as a user has it after `kinit`. */
  async ticketCache(name: string, keytab: string, principal: string): Promise<string> {
    const file = join(this.#folder, `${name}.cache`)
    await this.#run('usr/bin/kinit', ['-k', '-t', keytab, '-c', file, principal])
    return file
  }

  async stop(): Promise<void> {
    this.#child?.signal('SIGTERM')
    await this.#child?.ended
  }

  async #start(): Promise<void> {
    const port = await freePort()
    this.#writeConfig(port)
    await this.#run('usr/sbin/kdb5_util', ['create', '-s', '-r', REALM, '-P', 'master'])
    const logFile = join(this.#folder, 'kdc.log')
    const command = join(krb5Root(), 'usr/sbin/krb5kdc')
    this.#child = startChild({ command, args: ['-n'], logFile, env: this.#env, cwd: this.#folder })
    const isThere = async (): Promise<true | null> =>
      existsSync(logFile) && readFileSync(logFile, 'utf8').includes('commencing operation') ? true : null
    await waitFor('the key distribution centre', START_TIMEOUT_MS, isThere)
  }

  #kadmin(query: string): Promise<void> {
    return this.#run('usr/sbin/kadmin.local', ['-q', query])
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const logFile = join(this.#folder, 'tools.log')
    const command = join(krb5Root(), program)
    await runCommand({ command, args, logFile, env: this.#env, cwd: this.#folder }, COMMAND_TIMEOUT_MS)
  }

  #writeConfig(port: number): void {
    const modules = join(krb5Root(), 'usr/lib/x86_64-linux-gnu/krb5/plugins/kdb')
    writeFileSync(
      this.configFile,
      [
        '[libdefaults]',
        ` default_realm = ${REALM}`,
        ' dns_lookup_kdc = false',
        ' udp_preference_limit = 1',
        ' rdns = false',
        ' dns_canonicalize_hostname = false',
        '[realms]',
        ` ${REALM} = {`,
        `  kdc = 127.0.0.1:${port}`,
        ' }',
        '[domain_realm]',
        ` localhost = ${REALM}`,
        '[logging]',
        ' kdc = STDERR',
        ''
      ].join('\n')
    )
    writeFileSync(
      join(this.#folder, 'kdc.conf'),
      [
        '[kdcdefaults]',
        ` kdc_listen = 127.0.0.1:${port}`,
        ` kdc_tcp_listen = 127.0.0.1:${port}`,
        '[realms]',
        ` ${REALM} = {`,
        `  database_name = ${join(this.#folder, 'principal')}`,
        `  key_stash_file = ${join(this.#folder, 'stash')}`,
        ' }',
        '[dbmodules]',
        ` db_module_dir = ${modules}`,
        ''
      ].join('\n')
    )
  }
}
