import { connect } from 'node:net'

const ANSWER_TIMEOUT_MS = 5_000

/**
 * Sends a four-letter word to a server, on the loopback address unless told otherwise.
 *
 * @returns the whole answer, or null when the server refuses the connection, resets it, or stays silent for five seconds
 */
export function askFourLetterWord(port: number, word: string, host = '127.0.0.1'): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(answer === '' ? null : answer))
  })
}
