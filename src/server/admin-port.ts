import { readFileSync } from 'node:fs'
import { AdminServer } from '../admin/http/admin-server.ts'
import type { ServerSettings } from './config/settings.ts'
import { monotonicNowMs } from './event-loop.ts'
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
  const server = new AdminServer({
    settings: { ...admin, usesForwardedFor: acl.ipUsesForwardedFor },
    tls: null,
    log,
    nowMs: monotonicNowMs
  })
  const where = `${admin.serverAddress}:${admin.serverPort}`
  try {
    await server.listen()
  } catch (error) {
    log.warn(`the admin server is off: cannot listen on ${where} (${describe(error)}); see admin.serverPort`)
    return null
  }
  log.info(`admin commands on http://${admin.serverAddress}:${server.port}${admin.commandUrl}`)
  return server
}

/**
 * The configuration file as it is now, for the command `initial_configuration`; null without one, and on members, as
 * upstream.
 */
export function initialConfigurationOf({ source, quorum }: ServerSettings): string | null {
  if (source.configFile === null || !quorum.standalone) return null
  try {
    return readFileSync(source.configFile, 'utf8')
  } catch {
    // It was there a moment ago; whoever took it away knows what was in it.
    return null
  }
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException // listening throws nothing else
  return code === 'EADDRINUSE' ? 'the port is in use by another program' : message
}
