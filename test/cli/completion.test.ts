import { describe, expect, test } from '@jest/globals'
import { complete } from '../../src/cli/completion.ts'
import { encodeGetChildrenResponse } from '../../src/protocol/generated/proto.ts'
import { harness } from '../client/harness.ts'
import { until } from '../client/until.ts'

const { server, open } = harness()

describe('a word may become', () => {
  test.each([
    { line: 'getA', candidates: ['getAcl', 'getAllChildrenNumber'], word: 'getA' },
    { line: 'who', candidates: ['whoami '], word: 'who' },
    { line: 'redo hist', candidates: ['history '], word: 'hist' },
    { line: 'nothing', candidates: [], word: 'nothing' }
  ])('a command: $line', async ({ line, candidates, word }) => {
    expect(await complete(line, null)).toEqual([candidates, word])
  })

  test('any command if there is none', async () => {
    expect((await complete('', null))[0]).toHaveLength(28)
  })

  test('no path without a connection', async () => {
    expect(await complete('get /', null)).toEqual([[], '/'])
  })
})

describe('a path may become', () => {
  async function completeWith(line: string, children: string[] | null) {
    const fake = await server()
    const { client } = open(fake.address)
    const connection = await fake.connection()
    await connection.accept()
    await until('the client is connected', () => client.state === 'connected')
    const completing = complete(line, client)
    const { header } = await connection.request()
    if (children === null) connection.reply(header.xid, { err: -101 })
    else connection.reply(header.xid, { body: (writer) => encodeGetChildrenResponse(writer, { children }) })
    return completing
  }

  test('a child of the root', async () => {
    expect(await completeWith('get /a', ['b', 'ab', 'aa'])).toEqual([['/aa', '/ab'], '/a'])
  })

  test('a child of a node further down', async () => {
    expect(await completeWith('ls -s /a/b/', ['y', 'x'])).toEqual([['/a/b/x', '/a/b/y'], '/a/b/'])
  })

  test('nothing where there is no node', async () => {
    expect(await completeWith('get /none/', null)).toEqual([[], '/none/'])
  })

  test('one of a thousand, not of all', async () => {
    const children = Array.from({ length: 3_000 }, (_, index) => `n${index}`)

    expect((await completeWith('get /', children))[0]).toHaveLength(1_000)
  })
})
