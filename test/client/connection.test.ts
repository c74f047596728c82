import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from '@jest/globals'
import { Connection, type ConnectionListener } from '../../src/client/connection.ts'
import { Xid } from '../../src/protocol/op-code.ts'
import { frame } from './fake-server.ts'

/** A socket whose events are the test's; `written` is what the connection wrote. */
class FakeSocket extends Duplex {
  readonly written: Buffer[] = []

  override _read(): void {
    // data comes by emit
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk)
    done()
  }
}

function open(onFrame: (xid: number) => void = () => undefined) {
  const seen: string[] = []
  const socket = new FakeSocket()
  const listener: ConnectionListener = {
    onOpen: () => seen.push('open'),
    onFrame: (_, received) => {
      seen.push(`frame ${received.readInt32BE(0)}`)
      onFrame(received.readInt32BE(0))
    },
    onLost: (_, cause) => seen.push(`lost ${cause?.message ?? 'at its end'}`)
  }
  const transport = () => socket as unknown as Socket // the connection uses no more than a stream
  const connection = new Connection({ host: 'h', port: 1 }, transport, 1_000, listener)
  return { connection, socket, seen }
}

const reply = frame((writer) => writer.writeInt(1))
const event = frame((writer) => writer.writeInt(Xid.notification))

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('the end of a connection is told after the events that came before it, also those that wait for their turn', async () => {
  const { socket, seen } = open()

  socket.emit('data', Buffer.concat([reply, event, reply]))
  socket.emit('end')

  expect(seen).toEqual(['frame 1'])
  await turn()
  expect(seen).toEqual(['frame 1', 'frame -1', 'frame 1', 'lost at its end'])
})

test('an event that follows no answer is told at once', () => {
  const { socket, seen } = open()

  socket.emit('data', Buffer.concat([event, event, reply]))

  expect(seen).toEqual(['frame -1', 'frame -1', 'frame 1'])
})

test('what is written in one turn leaves in one piece', async () => {
  const { connection, socket } = open()

  for (const text of ['a', 'b', 'c']) {
    connection.out.writeBytes(Buffer.from(text))
    connection.flushSoon()
  }
  await turn()

  expect(socket.written.map(String)).toEqual(['abc'])
})

test('nothing is told of a connection that was destroyed', async () => {
  const { connection, socket, seen } = open()
  socket.emit('data', Buffer.concat([reply, event]))

  connection.destroy()
  socket.emit('data', reply)
  socket.emit('error', new Error('late'))
  await turn()

  expect(seen).toEqual(['frame 1'])
})

test('what a listener throws ends the connection, and says why', () => {
  const { socket, seen } = open(() => {
    throw new Error('out of order')
  })

  socket.emit('data', reply)

  expect(seen).toEqual(['frame 1', 'lost out of order'])
  expect(socket.destroyed).toBe(true)
})

test('what a listener throws at an event that had to wait ends the connection as well', async () => {
  const { socket, seen } = open((xid) => {
    if (xid === Xid.notification) throw new Error('no event')
  })

  socket.emit('data', Buffer.concat([reply, event]))
  await turn()

  expect(seen).toEqual(['frame 1', 'frame -1', 'lost no event'])
})
