import type { ClientPortKind, ServerView } from '../server-view.ts'
import { conf, dirs, dump, envi, hash, wchc, wchp, wchs } from './state-words.ts'
import { cons, crst, mntr, srst, srvr, stat } from './statistics-words.ts'

/**
 * Four-letter words: the first four bytes of a fresh connection, where a frame's length would be. The answer is text, after
 * which the server closes the connection. Further bytes are ignored, but for the 8 of `stmk`.
 *
 * The listener asks `fourLetterWordOf(first int32)` before it takes them for a length, and only before the connect request;
 * counts one packet received; waits for as many bytes as `argumentBytesOf` says; writes the answer; counts one packet sent
 * if there was one; closes.
 */
export interface FourLetterWord {
  readonly word: string
  /** Bytes that follow the word and belong to it. */
  readonly argumentBytes: number
  /** Answer where the server is not serving; null = the same as when it is. */
  readonly whileNotServing: string | null
  /** @param port on which it is asked */
  run(view: ServerView, argument: bigint, port: ClientPortKind): Iterable<string>
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

function word(name: string, run: FourLetterWord['run'], options: Partial<FourLetterWord> = {}): FourLetterWord {
  return { word: name, argumentBytes: 0, whileNotServing: `${NOT_SERVING}\n`, run, ...options }
}

const ALWAYS = { whileNotServing: null }

const fourLetterWords: readonly FourLetterWord[] = [
  word('ruok', () => ['imok'], ALWAYS),
  word('srvr', srvr),
  word('stat', stat),
  word('conf', conf),
  word('cons', cons),
  word('dump', dump),
  word('envi', envi, ALWAYS),
  word('dirs', dirs),
  word('wchs', wchs),
  word('wchc', wchc),
  word('wchp', wchp),
  word('mntr', mntr),
  word('isro', (view) => [view.mode() === 'read-only' ? 'ro' : 'rw'], { whileNotServing: 'null' }),
  word('hash', hash, { whileNotServing: NOT_SERVING }),
  word('gtmk', (view) => [String(view.traceMask())], ALWAYS),
  word('stmk', setTraceMask, { ...ALWAYS, argumentBytes: 8 }),
  word('crst', crst),
  word('srst', srst)
]

function setTraceMask(view: ServerView, mask: bigint): string[] {
  view.setTraceMask(mask)
  return [String(mask)]
}

const wordsByCode: ReadonlyMap<number, FourLetterWord> = new Map([
  ...fourLetterWords.map((entry): [number, FourLetterWord] => [
    Buffer.from(entry.word, 'latin1').readInt32BE(0),
    entry
  ]),
  // What telnet sends when it is interrupted. compat: refused under this name like a word that is not in the whitelist, and
  // where all words are allowed it is a bad length, which closes the connection without an answer.
  [0xfff4fffd | 0, word('telnet close', () => [], ALWAYS)]
])

/** The word that the first four bytes spell, as int32 big-endian; null if they are none and so a frame's length. */
export function fourLetterWordOf(firstInt32: number): FourLetterWord | null {
  return wordsByCode.get(firstInt32) ?? null
}

/** Bytes to wait for before the word can be answered; a word that is not in the whitelist is answered at once. */
export function argumentBytesOf(entry: FourLetterWord, view: ServerView): number {
  return isWhitelisted(entry, view) ? entry.argumentBytes : 0
}

function isWhitelisted(entry: FourLetterWord, { settings }: ServerView): boolean {
  const whitelist = settings.admin.fourLetterWordWhitelist
  return whitelist === '*' || whitelist.has(entry.word)
}

/**
 * The answer, in pieces of text to be written one after the other as UTF-8; see `inSlices`. Pieces are made as they are taken,
 * from the state at that moment.
 *
 * @param argument  the bytes after the word as a signed 64-bit number, for words with `argumentBytes`
 */
export function answerFourLetterWord(
  entry: FourLetterWord,
  view: ServerView,
  argument = 0n,
  port: ClientPortKind = 'plain'
): Iterable<string> {
  if (!isWhitelisted(entry, view)) {
    return [`${entry.word} is not executed because it is not in the whitelist.\n`]
  }
  if (!view.isServing() && entry.whileNotServing !== null) return [entry.whileNotServing]
  return entry.run(view, argument, port)
}

/** Characters of one answer; a longer one (a dump of many millions of watches) is cut with a line that says so. */
const ANSWER_LENGTH_MAX = 256 * 1024 * 1024

/**
 * What the listener asks at the start of each connection, with the bytes read so far (four or more): the answer in pieces,
 * null if they begin a frame, or 'wait' if more bytes belong to the word. Counts the packets.
 *
 * @param server  the server once there is one
 */
export function createFourLetterWords(
  server: () => { readonly view: ServerView } | null
): (bytes: Buffer, socket?: { readonly isOfSecurePort: boolean }) => Iterable<string> | null | 'wait' {
  return (bytes, socket) => {
    const entry = fourLetterWordOf(bytes.readInt32BE(0))
    if (entry === null) return null
    const view = server()?.view
    if (view === undefined) return [entry.whileNotServing ?? NOT_SERVING]
    const argumentBytes = argumentBytesOf(entry, view)
    if (bytes.length < 4 + argumentBytes) return 'wait'
    view.stats.packetsReceived.add(1)
    const argument = argumentBytes === 8 ? bytes.readBigInt64BE(4) : 0n
    return counted(answerFourLetterWord(entry, view, argument, socket?.isOfSecurePort ? 'secure' : 'plain'), view)
  }
}

/** The pieces up to the most that is sent; they count as one packet, if there is any text. */
function* counted(pieces: Iterable<string>, view: ServerView): Generator<string> {
  let length = 0
  for (const piece of pieces) {
    if (length === 0 && piece !== '') view.stats.packetsSent.add(1)
    length += piece.length
    yield piece
    if (length > ANSWER_LENGTH_MAX) return yield '\n(the rest is left out)\n'
  }
}
