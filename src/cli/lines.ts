import { StringDecoder } from 'node:string_decoder'

/** Longest line of input, in UTF-16 units; a longer one is cut into several. */
const LINE_LENGTH_MAX = 4 * 1024 * 1024

/** Lines of a stream, ended by `\n`, `\r` or `\r\n`; the last one may lack its end. It reads no further than it is asked to. */
export async function* lines(input: AsyncIterable<Buffer | string>): AsyncIterableIterator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.write(chunk)
    const whole = rest.split(/\r\n|\n|\r(?!$)/) // a \r at the very end may be half of \r\n
    rest = whole.pop() ?? ''
    yield* whole
    if (rest.length > LINE_LENGTH_MAX) {
      yield rest
      rest = ''
    }
  }
  rest += decoder.end()
  if (rest !== '') yield rest.replace(/\r$/, '')
}
