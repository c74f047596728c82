import { readFileSync } from 'node:fs'
import { CONSOLE_PATH } from '../admin/console/console.ts'
import { AdminServer } from '../admin/http/admin-server.ts'
import type { HttpTls } from '../admin/http/http-listener.ts'
import { withoutSecrets } from './config/secrets.ts'
import type { ServerSettings } from './config/settings.ts'
import { monotonicNowMs } from './event-loop.ts'
import { openHttpTls } from './http-tls.ts'
import type { Logger } from './logging/logger.ts'

/**
 * Opens the port of the HTTP admin server, where one is wanted. A port that cannot be had is one line in the log, and the
 * server goes on without: upstream's members do so, its standalone server ends.
 *
 * @returns null if there is none
 */
export async function openAdminPort(settings: ServerSettings, log: Logger): Promise<AdminServer | null> {
  const { admin, acl } = settings
  if (!admin.enableServer) return null
  let tls: HttpTls | null
  let server: AdminServer
  try {
    tls = tlsOf(settings, log)
    const parts = { settings: { ...admin, usesForwardedFor: acl.ipUsesForwardedFor }, tls, log, nowMs: monotonicNowMs }
    server = new AdminServer(parts)
  } catch (error) {
    // Plain HTTP in place of what was asked for would not be safe.
    log.error(`the admin server is off: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
  const where = `${admin.serverAddress}:${admin.serverPort}`
  try {
    await server.listen()
  } catch (error) {
    log.warn(`the admin server is off: cannot listen on ${where} (${describe(error)}); see admin.serverPort`)
    return null
  }
  const url = `${tls === null || tls.isPlainTaken ? 'http' : 'https'}://${admin.serverAddress}:${server.port}`
  log.info(`admin commands on ${url}${admin.commandUrl}`)
  if (admin.consoleEnabled) log.info(`web console on ${url}${CONSOLE_PATH}/`)
  return server
}

/**
 * The configuration file as it is now, without its secrets, for the command `initial_configuration`; null without one, and
 * on members, as upstream.
 */
export function initialConfigurationOf({ source, quorum }: ServerSettings): string | null {
  if (source.configFile === null || !quorum.standalone) return null
  try {
    return withoutSecrets(readFileSync(source.configFile, 'utf8'))
  } catch {
    // It was there a moment ago; whoever took it away knows what was in it.
    return null
  }
}

/** Upstream takes the stores between servers for it, and no others. @throws Error, one line */
function tlsOf({ admin, tls }: ServerSettings, log: Logger): HttpTls | null {
  const { forceHttps, portUnification, needClientAuth } = admin
  if (!forceHttps && !portUnification) return null
  const clientAuth = needClientAuth ? 'need' : 'none'
  return openHttpTls({ endpoint: tls.quorum, property: 'ssl.quorum', clientAuth, isPlainTaken: !forceHttps }, log)
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException // listening throws nothing else
  return code === 'EADDRINUSE' ? 'the port is in use by another program' : message
}
