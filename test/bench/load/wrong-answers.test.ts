import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'

const COMPILER = process.env.CC ?? 'cc'
const hasCompiler = spawnSync(COMPILER, ['--version']).status === 0 && process.platform === 'linux'
const SOURCES = join(__dirname, '../../../bench/load')
const OpCode = { create: 1, exists: 3, getData: 4, setData: 5, closeSession: -11 } as const
const STAT_BYTES = 68
const VALUE_BYTES = 100
const DATA_LENGTH_AT = 52

const folder = mkdtempSync(join(tmpdir(), 'zkload-'))
const program = join(folder, 'zkload')
let server: Server | null = null
const sockets = new Set<Socket>()

beforeAll(() => {
  if (!hasCompiler) return
  const files = readdirSync(SOURCES).filter((name) => name.endsWith('.c'))
  const args = ['-O1', '-std=gnu17', '-D_GNU_SOURCE', '-o', program, ...files.map((name) => join(SOURCES, name))]
  const built = spawnSync(COMPILER, args, { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(built.stderr)
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await new Promise<void>((resolve) => {
    if (server === null) resolve()
    else server.close(() => resolve())
  })
  server = null
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Request {
  readonly xid: number
  readonly op: number
  readonly path: string
}

function frame(payload: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

function reply(xid: number, error: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32BE(xid)
  header.writeInt32BE(error, 12)
  return frame(Buffer.concat([header, body]))
}

/** What a right answer to getData has: the six digits of the key, then filling. */
function rightBody({ op, path }: Request): Buffer {
  const stat = Buffer.alloc(STAT_BYTES)
  stat.writeInt32BE(VALUE_BYTES, DATA_LENGTH_AT)
  if (op === OpCode.getData) {
    const data = Buffer.alloc(4 + VALUE_BYTES, 'x')
    data.writeInt32BE(VALUE_BYTES)
    data.write(path.slice(-6), 4)
    return Buffer.concat([data, stat])
  }
  if (op === OpCode.create) return frame(Buffer.from(path))
  return op === OpCode.closeSession ? Buffer.alloc(0) : stat
}

/** Serves what the load generator asks; `answer` may give something else for the read of a key. */
async function serve(answer: (request: Request) => Buffer): Promise<number> {
  const listening = createServer((socket) => serveConnection(socket, answer))
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return (listening.address() as AddressInfo).port
}

function serveConnection(socket: Socket, answer: (request: Request) => Buffer): void {
  let input = Buffer.alloc(0)
  let hasSession = false
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    input = Buffer.concat([input, chunk])
    while (input.length >= 4 && input.length >= 4 + input.readInt32BE()) {
      const payload = input.subarray(4, 4 + input.readInt32BE())
      input = input.subarray(4 + payload.length)
      if (hasSession) socket.write(respond(payload, answer))
      else socket.write(sessionReply())
      hasSession = true
    }
  })
}

function sessionReply(): Buffer {
  const payload = Buffer.alloc(37)
  payload.writeInt32BE(40_000, 4)
  payload.writeInt32BE(7, 12)
  payload.writeInt32BE(16, 16)
  return frame(payload)
}

function respond(payload: Buffer, answer: (request: Request) => Buffer): Buffer {
  const [xid, op] = [payload.readInt32BE(0), payload.readInt32BE(4)]
  const path = payload.length > 8 ? payload.toString('latin1', 12, 12 + payload.readInt32BE(8)) : ''
  const request = { xid, op, path }
  return op === OpCode.getData ? answer(request) : reply(xid, 0, rightBody(request))
}

function runLoad(port: number): Promise<{ code: number | null; output: string; errors: string }> {
  const args = ['--workload', 'get', '--connections', '2', '--depth', '4', '--keys', '10', '--seconds', '0.2']
  const child = spawn(program, ['--port', String(port), '--warm', '0.05', ...args])
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors })))
}

const describeWithCompiler = hasCompiler ? describe : describe.skip

describeWithCompiler('the load generator', () => {
  test('counts right answers', async () => {
    const { code, output, errors } = await runLoad(await serve((request) => reply(request.xid, 0, rightBody(request))))

    expect([code, errors]).toEqual([0, ''])
    expect(JSON.parse(output)).toMatchObject({ workload: 'get', connections: 2, depth: 4, writes: 0 })
    expect(JSON.parse(output).operations).toBeGreaterThan(0)
  })

  test.each<[string, (request: Request) => Buffer, string]>([
    ['of another request', (request) => reply(request.xid + 1, 0, rightBody(request)), 'xid'],
    ['with an error', (request) => reply(request.xid, -101, Buffer.alloc(0)), 'error -101'],
    [
      'with data of another node',
      (request) => reply(request.xid, 0, rightBody({ ...request, path: '/k999999' })),
      'other data'
    ],
    ['that is too short', (request) => reply(request.xid, 0, rightBody(request).subarray(0, 150)), '150 bytes'],
    [
      'that is too long',
      (request) => reply(request.xid, 0, Buffer.concat([rightBody(request), Buffer.alloc(3)])),
      '175 bytes'
    ]
  ])('has no figures where it gets an answer %s', async (_, answer, message) => {
    const { code, output, errors } = await runLoad(await serve(answer))

    expect([code, output]).toEqual([1, ''])
    expect(errors).toContain(message)
  })
})
