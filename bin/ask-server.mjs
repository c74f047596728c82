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

const socket = isSecure === 'true' ? await connectSecurely() : connect({ host, port: Number(port) })
socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
socket.on('error', (error) => {
  process.stderr.write(`${host}:${port}: ${error.message}\n`)
  process.exitCode = 1
})
socket.write(word)
socket.pipe(process.stdout)

/**
 * With a client's `-Dzookeeper.ssl.*` in CLIENT_JVMFLAGS or JVMFLAGS, as upstream's script has them, by these: for servers that need a
 * certificate. Else the server is believed: whoever can reach the port may ask, and there is nothing at hand to check it with.
 */
async function connectSecurely() {
  const flags = `${process.env.CLIENT_JVMFLAGS ?? ''} ${process.env.JVMFLAGS ?? ''}`
  const settings = new Map(
    [...flags.matchAll(/-D(zookeeper\.ssl\.[^=\s]+)=(\S*)/g)].map(([, key, value]) => [key, value])
  )
  if (settings.size === 0) return connectTls({ host, port: Number(port), rejectUnauthorized: false })
  const { tlsTransportOf } = await import('../dist/cli/tls-settings.js')
  return tlsTransportOf(settings)({ host, port: Number(port) }, () => undefined)
}
