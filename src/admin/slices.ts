/**
 * Long answers are made in slices, so that clients of the server hardly notice: a list of 100,000 watches takes about a
 * second of work. Who makes an answer makes it in small pieces, each of them a fraction of a millisecond's work.
 */

/** Work at one time, in milliseconds; then everything else has its turn. */
export const SLICE_MS = 4
/**
 * What is to be called between pieces of work that nobody reads meanwhile: lets everything else have its turn, once there has been work for
 * `sliceMs`.
 */
export function newPause(sliceMs = SLICE_MS): () => Promise<void> {
  let beginMs = performance.now()
  return async () => {
    if (performance.now() - beginMs < sliceMs) return
    await new Promise((resolve) => setImmediate(resolve))
    beginMs = performance.now()
  }
}

/** Characters that are sent at once. */
const CHUNK_LENGTH = 16 * 1024
/** The clock is looked at after so much text. */
const CLOCK_LENGTH = 1024

export interface Chunk {
  /** May be empty where the slice is over. */
  readonly text: string
  /** Whether others must have their turn before the next chunk is asked for. */
  readonly isSliceOver: boolean
}

/**
 * Gathers pieces of text to chunks of about 16 Ki characters, or of what was made in a slice. An empty piece says that there
 * was work without text.
 */
export function* inSlices(pieces: Iterable<string>, nowMs: () => number = () => performance.now()): Generator<Chunk> {
  let text = ''
  let unclocked = 0
  let sliceMs = nowMs()
  for (const piece of pieces) {
    text += piece
    unclocked += piece.length
    const isClockDue = piece === '' || unclocked > CLOCK_LENGTH
    if (isClockDue) unclocked = 0
    const isSliceOver = isClockDue && nowMs() - sliceMs > SLICE_MS
    if (text.length < CHUNK_LENGTH && !isSliceOver) continue
    yield { text, isSliceOver }
    text = ''
    if (isSliceOver) sliceMs = nowMs()
  }
  if (text !== '') yield { text, isSliceOver: false }
}
