// Sends a four-letter word to a server and prints the answer: node ask-server.mjs HOST PORT WORD [true = over TLS].
// Plain JavaScript, as it has to work beside a server that was never built here.
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

const TIMEOUT_MS = 5000

const [host, port, word, isSecure] = process.argv.slice(2)
if (host === undefined || port === undefined || word === undefined) {
  process.stderr.write('usage: ask-server.mjs HOST PORT WORD [true]\n')
  process.exit(2)
}

// Whoever can reach the port may ask: the certificate protects the server's clients, and none is at hand to check it with.
const socket =
  isSecure === 'true'
    ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
    : connect({ host, port: Number(port) })
socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
socket.on('error', (error) => {
  process.stderr.write(`${host}:${port}: ${error.message}\n`)
  process.exitCode = 1
})
socket.write(word)
socket.pipe(process.stdout)
