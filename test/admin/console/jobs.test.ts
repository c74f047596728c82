import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { ConsoleError } from '../../../src/admin/console/console-error.ts'
import { type Job, Jobs } from '../../../src/admin/console/jobs.ts'
import { NoNodeError } from '../../../src/client/errors.ts'

type Work = (job: Job) => Promise<unknown>

let jobs: Jobs
let server: Server
let work: Work
let outcomes: string[]

beforeEach(async () => {
  jobs = new Jobs()
  outcomes = []
  server = createServer((_request, response) => {
    jobs
      .run('some', response, (job) => work(job))
      .then(
        () => outcomes.push('answered'),
        (error: unknown) => {
          outcomes.push(error instanceof ConsoleError || error instanceof NoNodeError ? error.code : String(error))
          response.writeHead(500).end()
        }
      )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  jobs.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function url(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function linesOf(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line))
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** Waits, as long as a test may take, until the signal of a job that is under way is there. */
async function until(isSo: () => boolean): Promise<void> {
  for (const endMs = Date.now() + 25_000; !isSo(); ) {
    if (Date.now() > endMs) throw new Error('in vain')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a job is told by its name, its progress and its result, each a line', async () => {
  work = async ({ tell }) => {
    for (let done = 1; done <= 100; done++) tell({ done })
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { all: 100 }
  }

  const response = await fetch(url())

  expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
  expect(await linesOf(response)).toEqual([
    { job: expect.stringMatching(/^[\w-]{24}$/) },
    { done: 100 },
    { result: { all: 100 } }
  ])
})

test('what fails before it has told anything is an answer of its own, and later the last line', async () => {
  work = () => Promise.reject(new NoNodeError('early'))
  const early = await fetch(url())
  work = async ({ tell }) => {
    tell({ done: 1 })
    throw new NoNodeError('late')
  }
  const late = await linesOf(await fetch(url()))

  expect(early.status).toBe(500)
  expect(outcomes).toEqual(['NO_NODE', 'answered'])
  expect(late.at(-1)).toEqual({ error: 'NO_NODE', message: expect.stringContaining('late') })
})

test('a job that is stopped says where it was', async () => {
  work = async ({ tell, signal }) => {
    tell({ done: 1 })
    await aborted(signal)
    return { isStopped: true }
  }
  const response = await fetch(url())
  const reader = response.body?.getReader()
  const first = new TextDecoder().decode((await reader?.read())?.value)

  jobs.stop('another')
  jobs.stop(JSON.parse(first).job)
  let rest = ''
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
    rest += new TextDecoder().decode(piece.value)
  }

  expect(rest).toContain('{"result":{"isStopped":true}}')
})

test('a job whose page has gone is stopped', async () => {
  let isStopped = false
  let isRunning = false
  work = async ({ tell, signal }) => {
    tell({ done: 1 })
    isRunning = true
    await aborted(signal)
    isStopped = true
    return {}
  }
  const page = new AbortController()
  await fetch(url(), { signal: page.signal })
  await until(() => isRunning)

  page.abort()

  await until(() => isStopped)
  expect(isStopped).toBe(true)
})

test('there are four of a kind at most, and room again when one is over', async () => {
  work = async ({ tell, signal }) => {
    tell({})
    await aborted(signal)
    return {}
  }
  const pages = Array.from({ length: 4 }, () => new AbortController())
  for (const { signal } of pages) await fetch(url(), { signal })

  const fifth = await fetch(url())
  pages[0]?.abort()
  await until(() => outcomes.includes('answered'))
  const next = new AbortController()
  const sixth = await fetch(url(), { signal: next.signal })
  next.abort()

  expect([fifth.status, outcomes[0]]).toEqual([500, 'BUSY'])
  expect(sixth.status).toBe(200)
})
