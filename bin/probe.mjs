#!/usr/bin/env node
// Asks the admin server for its health: node probe.mjs {livez | readyz | startupz} [URL of the admin server]. Exit code 0 if all is well; the answer says
// what is not. For probes of containers, where the admin server listens on this machine only. Without a URL, zoo.cfg in ZOO_CONF_DIR or ZOOCFGDIR says
// where that is; where it is off there is nothing to ask, and nothing to hold against the server.
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { get as getSecurely } from 'node:https'
import { join } from 'node:path'

const TIMEOUT_MS = 4000

const [, , probe = 'readyz', given] = process.argv
const base = given ?? configuredUrl()
if (base === null) console.log('the admin server is off: nothing is known of its health')
else await ask(new URL(`/${probe}`, base))

async function ask(url) {
  try {
    const { status, text } = await answerOf(url)
    console.log(text.trimEnd())
    process.exitCode = status === 200 ? 0 : 1
  } catch (error) {
    console.log(`${url.origin} does not answer: ${error.message}`)
    process.exitCode = 1
  }
}

function answerOf(url) {
  return new Promise((resolve, reject) => {
    // Whoever answers on this machine is asked for its health only, whatever its certificate says.
    const request = url.protocol === 'https:' ? getSecurely(url, { rejectUnauthorized: false }) : get(url)
    const timer = setTimeout(() => request.destroy(new Error(`nothing within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
    request.on('close', () => clearTimeout(timer))
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => {
        text += piece
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
  })
}

/** Null where the admin server is off. */
function configuredUrl() {
  const settings = configuration()
  const setting = (name, otherwise) => settings.get(name) ?? settings.get(`zookeeper.${name}`) ?? otherwise
  if (setting('admin.enableServer', 'true') === 'false') return null
  const address = setting('admin.serverAddress', '127.0.0.1')
  const host = /^(0\.0\.0\.0|\[?::\]?)$/.test(address) ? '127.0.0.1' : address.replace(/^([^[].*:.*)$/, '[$1]')
  const scheme = setting('admin.forceHttps', 'false') === 'true' ? 'https' : 'http'
  return `${scheme}://${host}:${setting('admin.serverPort', '8080')}`
}

/** Of what zoo.cfg says, keys and values that are written plainly. */
function configuration() {
  const folder = process.env.ZOO_CONF_DIR ?? process.env.ZOOCFGDIR
  if (folder === undefined) return new Map()
  try {
    const text = readFileSync(join(folder, process.env.ZOOCFG ?? 'zoo.cfg'), 'utf8')
    return new Map([...text.matchAll(/^\s*([\w.]+)\s*[=:\s]\s*(.*?)\s*$/gm)].map(([, key, value]) => [key, value]))
  } catch {
    // Without a configuration there is no server either; asking the usual port says so.
    return new Map()
  }
}
