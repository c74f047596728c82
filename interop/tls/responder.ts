import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Authority } from '../quorum-security/stores.ts'

/**
 * An OCSP responder on the loopback address: OpenSSL's, which makes the answers; a port of its own it would open on all addresses.
 * `/` answers, `/down` breaks off.
 */
export class Responder {
  readonly #http: Server
  readonly #authority: Authority
  readonly #folder: string
  #count = 0

  private constructor(authority: Authority, folder: string) {
    this.#authority = authority
    this.#folder = folder
    this.#http = createServer((request, response) => {
      if (request.url?.startsWith('/down') === true) return request.socket.destroy()
      const body: Buffer[] = []
      request.on('data', (piece) => body.push(piece))
      request.on('end', () => {
        this.#answer(request.method === 'GET' ? inPath(request.url ?? '') : Buffer.concat(body)).then(
          (bytes) => response.setHeader('Content-Type', 'application/ocsp-response').end(bytes),
          () => request.socket.destroy()
        )
      })
    })
  }

  static async open(authority: Authority, folder: string): Promise<Responder> {
    mkdirSync(folder, { recursive: true })
    const responder = new Responder(authority, folder)
    responder.#http.listen(0, '127.0.0.1')
    await new Promise((resolve) => responder.#http.once('listening', resolve))
    return responder
  }

  /** For certificates. */
  url(path: '/' | '/down'): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}${path}`
  }

  close(): void {
    this.#http.close()
    this.#http.closeAllConnections()
  }

  #answer(request: Buffer): Promise<Buffer> {
    const [asked, answered] = ['request', 'response'].map((name) => join(this.#folder, `${name}-${this.#count}.der`))
    this.#count++
    if (asked === undefined || answered === undefined) throw new Error('no files')
    writeFileSync(asked, request)
    const ca = this.#authority.file('ca.pem')
    const who = ['-CA', ca, '-rsigner', ca, '-rkey', this.#authority.file('ca.key')]
    const args = ['-index', this.#authority.file('index'), ...who, '-reqin', asked, '-respout', answered, '-ndays', '1']
    return new Promise((resolve, reject) => {
      execFile('openssl', ['ocsp', ...args], (error) =>
        error === null ? resolve(readFileSync(answered)) : reject(error)
      )
    })
  }
}

/** Java asks short questions by GET, with the request in base64. */
function inPath(path: string): Buffer {
  return Buffer.from(decodeURIComponent(path.slice(path.indexOf('/') + 1)), 'base64')
}
