import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { adler32 } from '../../../../src/storage/apache-files/adler32.ts'

const GOLDEN = join(__dirname, '../../../golden/storage')
const FIXTURES = join(__dirname, '../fixtures')

/** A file as a real server wrote it; `plain/…` and `nodigest/…` are shared with other tests. */
export function capturedFile(name: string): Buffer {
  const folder = /^(?:gz|snappy)\//.test(name) ? FIXTURES : GOLDEN
  return gunzipSync(readFileSync(join(folder, `${name}.packed.gz`)))
}

/** One record of a log: checksum, length, body, 0x42. */
export function logRecord(body: Uint8Array): Buffer {
  const head = Buffer.alloc(12)
  head.writeBigInt64BE(BigInt(adler32(body)), 0)
  head.writeInt32BE(body.length, 8)
  return Buffer.concat([head, body, Buffer.from([0x42])])
}

/** A log file with these transactions and zeros behind them. */
export function logFile(bodies: readonly Uint8Array[], paddingBytes = 512): Buffer {
  const header = Buffer.from('5a4b4c47000000020000000000000000', 'hex')
  return Buffer.concat([header, ...bodies.map(logRecord), Buffer.alloc(paddingBytes)])
}

/** A transaction that is but a header, followed by an error's code: it changes nothing. */
export function errorTxn(zxid: bigint): Buffer {
  const body = Buffer.alloc(36)
  body.writeBigInt64BE(zxid, 12)
  body.writeInt32BE(-1, 28)
  body.writeInt32BE(-101, 32)
  return body
}

export function seal(bytes: Buffer): Buffer {
  const tail = Buffer.alloc(13)
  tail.writeBigInt64BE(BigInt(adler32(bytes)), 0)
  tail.writeInt32BE(1, 8)
  tail.write('/', 12)
  return Buffer.concat([bytes, tail])
}

/** A snapshot file around a stream: header and seal, without optional parts. */
export function snapshotFileOf(stream: Uint8Array): Buffer {
  return seal(Buffer.concat([Buffer.from('5a4b534e00000002ffffffffffffffff', 'hex'), stream]))
}

/** A data directory in a fresh folder. */
export class ApacheFolder {
  readonly root: string
  readonly dataDir: string
  readonly dataLogDir: string

  constructor(options: { readonly separateLog?: boolean } = {}) {
    this.root = mkdtempSync(join(tmpdir(), 'zoonode-apache-'))
    this.dataDir = join(this.root, 'data')
    this.dataLogDir = options.separateLog === true ? join(this.root, 'logs') : this.dataDir
    for (const folder of [this.dataDir, this.dataLogDir]) mkdirSync(join(folder, 'version-2'), { recursive: true })
  }

  /** Puts a file where its name belongs. */
  put(name: string, bytes: Uint8Array | string): this {
    writeFileSync(this.path(name), bytes)
    return this
  }

  /** Puts captured files, such as `plain/log.1`. */
  putCaptured(...names: readonly string[]): this {
    for (const name of names) this.put(name.slice(name.indexOf('/') + 1), capturedFile(name))
    return this
  }

  /** Changes one byte of a file. */
  spoil(name: string, offset: number): this {
    const bytes = readFileSync(this.path(name))
    const at = offset < 0 ? bytes.length + offset : offset
    bytes[at] = (bytes[at] ?? 0) ^ 0x01
    return this.put(name, bytes)
  }

  path(name: string): string {
    return join(name.startsWith('log.') ? this.dataLogDir : this.dataDir, 'version-2', name)
  }

  /** Names under version-2 of dataDir, sorted. */
  files(): string[] {
    return readdirSync(join(this.dataDir, 'version-2')).sort()
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
