import { connect } from 'node:net'

/**
 * Sends a four-letter word and gives the whole text of the answer.
 *
 * @throws the socket's error when nothing listens, or an Error when the answer takes longer than `timeoutMs`
 */
export function fourLetterWord(port: number, word: string, timeoutMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer to ${word} within ${timeoutMs} ms`)))
    socket.on('connect', () => socket.write(word))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
