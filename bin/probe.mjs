#!/usr/bin/env node
// Asks the admin server for its health: node probe.mjs {livez | readyz | startupz} [URL of the admin server]. Exit code 0 if all is well; the answer says
// what is not. For probes of containers, where the admin server listens on this machine only.
const [, , probe = 'readyz', base = `http://127.0.0.1:${process.env.ZOO_ADMINSERVER_PORT ?? 8080}`] = process.argv
const TIMEOUT_MS = 4000

try {
  const response = await fetch(new URL(`/${probe}`, base), { signal: AbortSignal.timeout(TIMEOUT_MS) })
  console.log((await response.text()).trimEnd())
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  console.log(`${base} does not answer: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
