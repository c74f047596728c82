import type { ServerResponse } from 'node:http'
import { inSlices } from '../slices.ts'
import { type JsonField, jsonText, object } from './json-text.ts'
import type { NamedAnswer } from './run-command.ts'

/** Thrown into the work of an answer whose client has gone. */
class ClientGoneError extends Error {
  readonly code = 'CLIENT_GONE'
}

/**
 * Sends the answer of a command. A long text is made and sent in slices, no faster than its client takes it.
 *
 * @returns when all of it has been handed to the socket, or the client has gone
 */
export async function sendAnswer(response: ServerResponse, named: NamedAnswer): Promise<void> {
  const { status = 200, headers = {}, stream } = named.answer
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  try {
    if (stream !== undefined) {
      response.setHeader('Content-Type', 'application/octet-stream')
      response.setHeader('Content-Length', stream.lengthBytes)
      await sendBytes(response, stream.bytes)
      return
    }
    response.setHeader('Content-Type', 'application/json')
    await sendText(response, answerText(named))
  } catch (error) {
    if (!(error instanceof ClientGoneError)) throw error
  }
}

/** The fields of the answer, then the command's name and the error. */
function answerText({ name, answer }: NamedAnswer): Iterable<string> {
  function* fields(): Generator<JsonField> {
    yield* answer.fields ?? []
    yield ['command', name]
    yield ['error', answer.error ?? null]
  }
  return jsonText(object(fields()))
}

/**
 * Sends a text whose pieces are made as they are needed, in slices. One that is made in one slice goes out with its length,
 * as upstream's short answers. A client that goes away ends it without an error.
 */
export async function sendText(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  try {
    await sendSlices(response, pieces)
  } catch (error) {
    if (!(error instanceof ClientGoneError)) throw error
  }
}

async function sendSlices(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  // The last chunk is sent with the end, so that a short answer has its length.
  let last = ''
  let isFirst = true
  for (const { text, isSliceOver } of inSlices(pieces)) {
    if (last !== '') {
      await write(response, last)
      isFirst = false
    }
    last = text
    if (isSliceOver) await nextTurn(response)
  }
  if (isFirst) response.setHeader('Content-Length', Buffer.byteLength(last))
  response.end(last)
}

async function sendBytes(response: ServerResponse, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) await write(response, piece)
  response.end()
}

/** Resolves when there is room for more. @throws ClientGoneError */
function write(response: ServerResponse, piece: string | Uint8Array): Promise<void> | void {
  if (response.destroyed) throw new ClientGoneError()
  if (response.write(piece)) return
  return new Promise((resolve, reject) => {
    const drained = (): void => {
      response.removeListener('close', closed)
      resolve()
    }
    const closed = (): void => {
      response.removeListener('drain', drained)
      reject(new ClientGoneError())
    }
    response.once('drain', drained)
    response.once('close', closed)
  })
}

function nextTurn(response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      if (response.destroyed) reject(new ClientGoneError())
      else resolve()
    })
  })
}
