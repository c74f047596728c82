import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { answerFourLetterWord, fourLetterWordOf } from '../../src/admin/four-letter/four-letter-words.ts'
import { sendText } from '../../src/admin/four-letter/send-text.ts'
import { jsonText, object } from '../../src/admin/http/json-text.ts'
import { sessionCommands } from '../../src/admin/http/session-commands.ts'
import type { ServerView, Sliced } from '../../src/admin/server-view.ts'
import { inSlices, SLICE_MS } from '../../src/admin/slices.ts'
import { sortedInSlices } from '../../src/collections/sorted-in-slices.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import { WatchManager } from '../../src/core/watch/watch-manager.ts'
import { fakeConnection, fakeServer } from './fake-server.ts'
import { fakeTarget } from './http/fake-target.ts'

const WATCHES = 100_000
/** What a piece takes by the clock of these tests: a slice has 500 of them. */
const PIECE_MS = SLICE_MS / 500

/** A server with real tables of watches. */
function watching(connectionCount: number, pathsEach: number, nameOf: (connection: number, index: number) => string) {
  const watches = new WatchManager(7)
  for (let connection = 1; connection <= connectionCount; connection++) {
    for (let index = 0; index < pathsEach; index++)
      watches.addData(connection as ConnectionId, nameOf(connection, index))
  }
  const idOf = (connection: ConnectionId): bigint => BigInt(connection)
  const lists = {
    dataByConnection: function* () {
      for (const entry of watches.dataByConnection())
        yield entry && { sessionId: idOf(entry.connection), paths: entry.paths }
    },
    dataByPath: function* () {
      for (const entry of watches.dataByPath())
        yield entry && { path: entry.path, sessionIds: entry.connections.map(idOf) }
    }
  }
  return { watches, lists }
}

function word(name: string, view: ServerView): Iterable<string> {
  const entry = fourLetterWordOf(Buffer.from(name, 'latin1').readInt32BE(0))
  if (entry === null) throw new Error(`${name} is no word`)
  return answerFourLetterWord(entry, view)
}

function* command(name: string, fake: Parameters<typeof fakeTarget>[0]): Generator<string> {
  const found = sessionCommands.find((each) => each.name === name)
  const request = { method: 'GET', parameters: new Map(), body: new PassThrough() } as const
  const answer = found?.run(fakeTarget(fake), request)
  if (answer === undefined || answer instanceof Promise) throw new Error(`${name} has no answer`)
  yield* jsonText(object(answer.fields ?? []))
}

/** Makes the answer as senders do, by a clock that goes on with each piece. */
function slicesOf(pieces: Iterable<string>): {
  text: string
  mostPieces: number
  longestPiece: number
  slices: number
} {
  let [madeCount, sliceStart, mostPieces, longestPiece, slices] = [0, 0, 0, 0, 1]
  function* counted(): Generator<string> {
    for (const piece of pieces) {
      madeCount++
      longestPiece = Math.max(longestPiece, piece.length)
      yield piece
    }
  }
  let text = ''
  for (const chunk of inSlices(counted(), () => madeCount * PIECE_MS)) {
    text += chunk.text
    mostPieces = Math.max(mostPieces, madeCount - sliceStart)
    if (!chunk.isSliceOver) continue
    slices++
    sliceStart = madeCount
  }
  return { text, mostPieces, longestPiece, slices }
}

const layouts = [
  {
    layout: '100 connections, each with paths of its own',
    ...watching(100, WATCHES / 100, (c, i) => `/app-${c}/node-${i}`)
  },
  { layout: 'one connection with all', ...watching(1, WATCHES, (_, i) => `/app/node-${i}`) },
  { layout: 'one path that all watch', ...watching(WATCHES, 1, () => '/the/only/node') }
]

describe.each(layouts)('of 100,000 watches, $layout, no slice is longer than the budget in', ({ lists }) => {
  test.each(['wchc', 'wchp'])('%s', (name) => {
    const whole = [...word(name, fakeServer({ watches: lists }))].join('')

    const { text, mostPieces, longestPiece, slices } = slicesOf(word(name, fakeServer({ watches: lists })))

    expect(text === whole).toBe(true)
    expect(text.split('\n').length).toBeGreaterThan(WATCHES)
    expect(mostPieces).toBeLessThan(650)
    expect(longestPiece).toBeLessThan(100)
    expect(slices).toBeGreaterThan(150)
  })

  test.each(['watches', 'watches_by_path'])('%s', (name) => {
    const { text, mostPieces, longestPiece } = slicesOf(command(name, { watches: lists }))

    const [answer] = Object.values(JSON.parse(text)) as Record<string, unknown[]>[]
    expect(Object.values(answer ?? {}).reduce((sum, each) => sum + each.length, 0)).toBe(WATCHES)
    expect(mostPieces).toBeLessThan(650)
    // One piece is a line of a list.
    expect(longestPiece).toBeLessThan(1200)
  })
})

test('a table that had 100,000 watches and has none lets others have their turn', () => {
  const { watches, lists } = watching(1000, 100, (c, i) => `/app-${c}/node-${i}`)
  for (let connection = 1; connection <= 1000; connection++) watches.connectionClosed(connection as ConnectionId)

  expect([...word('wchp', fakeServer({ watches: lists }))].filter((piece) => piece === '').length).toBeGreaterThan(300)
  expect([...word('wchc', fakeServer({ watches: lists }))].join('')).toBe('\n')
})

test('watches that come and go between two slices change nothing of the others', () => {
  const { watches, lists } = watching(50, 200, (c, i) => `/app-${c}/node-${i}`)
  const listed: string[] = []
  let turn = 0
  for (const entry of lists.dataByPath()) {
    for (const id of entry?.sessionIds ?? []) listed.push(`${id} ${entry?.path}`)
    turn++
    if (turn % 10 === 0) watches.addData((1000 + turn) as ConnectionId, `/new/${turn}`)
    if (turn % 10 === 1 && turn > 1000) watches.connectionClosed((turn - 1) as ConnectionId)
    if (turn % 500 === 0) watches.connectionClosed((1 + turn / 500) as ConnectionId)
  }
  const closed = Math.floor(turn / 500)

  expect(new Set(listed).size).toBe(listed.length)
  const stable = Array.from({ length: 50 - closed - 1 }, (_, index) => closed + 2 + index)
  const expected = stable.flatMap((c) => Array.from({ length: 200 }, (_, i) => `${c} /app-${c}/node-${i}`))
  const known = new Set(listed)
  expect(expected.length).toBeGreaterThan(1000)
  expect(expected.filter((each) => !known.has(each))).toEqual([])
})

test.each(['cons', 'dump'])('%s with 100,000 connections and sessions is made in slices, too', (name) => {
  const connections = Array.from({ length: WATCHES }, (_, index) => fakeConnection(index, { sessionId: BigInt(index) }))
  const elements = connections.map(({ sessionId }) => sessionId)
  const buckets = [{ expiresAtMs: 1, elements: connections, count: WATCHES }]
  const view = fakeServer({
    connections,
    connectionExpiry: { elementCount: WATCHES, buckets },
    sessions: { globalExpiry: { elementCount: WATCHES, buckets: [{ expiresAtMs: 1, elements, count: WATCHES }] } },
    tree: {
      ephemeralOwnerCount: WATCHES,
      ephemerals: () => elements.map((sessionId) => ({ sessionId, paths: [`/e/${sessionId}`] }))
    }
  })

  const { text, mostPieces, longestPiece } = slicesOf(word(name, view))

  expect(text).toBe([...word(name, view)].join(''))
  expect(text.split('\n').length).toBeGreaterThan(WATCHES)
  expect(mostPieces).toBeLessThan(650)
  expect(longestPiece).toBeLessThan(300)
})

describe('sorting in slices', () => {
  test('sorts stably, and pauses at least each 1,024 items', () => {
    const items = Array.from({ length: 20_000 }, (_, index) => ({ key: (index * 7919) % 1000, index }))
    const sorted: { key: number; index: number }[] = []
    let [sinceNull, most] = [0, 0]
    const walk: Sliced<{ key: number; index: number }> = sortedInSlices(items, (a, b) => a.key - b.key)
    for (const item of walk) {
      if (item !== null) sorted.push(item)
    }
    for (const item of sortedInSlices(items, (a, b) => a.key - b.key)) {
      if (item !== null) break
      most = Math.max(most, ++sinceNull)
    }

    expect(sorted).toEqual(items.toSorted((a, b) => a.key - b.key))
    expect(most).toBeGreaterThan(20_000 / 1024)
  })

  test.each([0, 1, 1024, 1025])('sorts %d items', (count) => {
    const items = Array.from({ length: count }, (_, index) => ({ key: -index }))
    const found = [...sortedInSlices(items, (a, b) => a.key - b.key)].filter((item) => item !== null)

    expect(found).toEqual(items.toReversed())
  })
})

describe('a text that is sent in slices', () => {
  test('is whole, and others have their turn meanwhile', async () => {
    const socket = new PassThrough({ highWaterMark: 64 * 1024 })
    let [turns, made] = [0, 0]
    let isOver = false
    const others = (async () => {
      while (!isOver) {
        turns++
        await setImmediate()
      }
    })()
    function* pieces(): Generator<string> {
      for (; made < 20_000; made++) {
        const until = performance.now() + 0.005
        while (performance.now() < until);
        yield `${made}\n`
      }
    }

    sendText(socket, pieces())
    const madeAtOnce = made
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    isOver = true
    await others

    expect(madeAtOnce).toBeGreaterThan(0)
    expect(madeAtOnce).toBeLessThan(5000)
    expect(turns).toBeGreaterThan(8)
    expect(text).toBe(Array.from({ length: 20_000 }, (_, index) => `${index}\n`).join(''))
  })

  test('to a client that takes nothing is made no further, and given up after a while', async () => {
    const socket = new PassThrough({ highWaterMark: 1024 })
    let isGivenUp = false
    let made = 0
    function* pieces(): Generator<string> {
      try {
        for (;;) {
          made++
          yield 'x'.repeat(1000)
        }
      } finally {
        isGivenUp = true
      }
    }

    sendText(socket, pieces(), 50)
    await once(socket, 'close')
    while (!isGivenUp) await setImmediate()

    expect(made).toBeLessThan(200)
  })
})
