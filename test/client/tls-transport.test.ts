import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { tlsTransport } from '../../src/client/tls-transport.ts'
import { connect } from '../../src/client/zookeeper.ts'
import { encodeGetChildren2Response } from '../../src/protocol/generated/proto.ts'
import { runShell } from '../cli/shell-runner.ts'
import { FakeConnection } from './fake-server.ts'
import { wireStat } from './stat-fixture.ts'

let folder: string
let server: Server
let ca: Buffer
/** Whether the client showed a certificate that the server trusts. */
let authorized: boolean[] = []

/** Makes a certificate for localhost that signs itself. */
function makeCertificate(): void {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...subject], { stdio: 'ignore' })
  const pkcs12 = ['pkcs12', '-export', '-inkey', join(folder, 'key.pem'), '-in', join(folder, 'cert.pem')]
  execFileSync('openssl', [...pkcs12, '-out', join(folder, 'store.p12'), '-passout', 'pass:secret'], {
    stdio: 'ignore'
  })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-tls-'))
  makeCertificate()
  ca = readFileSync(join(folder, 'cert.pem'))
  server = createServer(
    { cert: ca, key: readFileSync(join(folder, 'key.pem')), ca, requestCert: true, rejectUnauthorized: false },
    serve
  )
  server.on('tlsClientError', () => undefined) // clients that do not trust the certificate
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

/** Grants a session and answers one listing. */
async function serve(socket: TLSSocket): Promise<void> {
  authorized.push(socket.authorized)
  const connection = new FakeConnection(socket)
  await connection.accept()
  const { header } = await connection.request()
  connection.reply(header.xid, {
    body: (writer) => encodeGetChildren2Response(writer, { children: ['safe'], stat: wireStat() })
  })
}

function address(): string {
  return `localhost:${(server.address() as AddressInfo).port}` // it listens
}

describe('a connection over TLS', () => {
  test('is made to a server whose certificate is trusted', async () => {
    const client = await connect(address(), { transport: tlsTransport({ ca }) })

    expect((await client.getChildren2('/')).children).toEqual(['safe'])
    await client.close({ keepSession: true })
  })

  test('is not made to any other', async () => {
    const connecting = connect(address(), { transport: tlsTransport({}), connectTimeoutMs: 200 })

    await expect(connecting).rejects.toMatchObject({ code: 'CONNECTION_LOSS' })
  })

  test.each([
    { store: 'cert.pem', password: '', key: 'key.pem' },
    { store: 'store.p12', password: 'secret', key: null }
  ])('of the shell takes its certificates from $store', async ({ store, password, key }) => {
    authorized = []
    const both = join(folder, 'both.pem')
    if (key !== null) writeFileSync(both, Buffer.concat([ca, readFileSync(join(folder, key))]))
    const settings = [
      'zookeeper.client.secure=true',
      'zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
      `zookeeper.ssl.trustStore.location=${join(folder, 'cert.pem')}`,
      `zookeeper.ssl.keyStore.location=${key === null ? join(folder, store) : both}`,
      `zookeeper.ssl.keyStore.password=${password}`
    ]
    writeFileSync(join(folder, 'client.cfg'), settings.join('\n'))

    const run = await runShell(['-server', address(), '-client-configuration', join(folder, 'client.cfg'), 'ls', '/'])

    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    expect(run.stdout).toContain('[safe]')
    expect(authorized).toEqual([true])
  })
})
