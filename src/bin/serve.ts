import { createFourLetterWords } from '../admin/four-letter/four-letter-words.ts'
import { ConfigError } from '../server/config/config-error.ts'
import { loadSettings } from '../server/config/load-settings.ts'
import type { ServerSettings } from '../server/config/settings.ts'
import { exitAtOnce } from '../server/fatal-exit.ts'
import { type AuditLog, openAuditLog } from '../server/logging/audit-log.ts'
import type { LogSystem } from '../server/logging/logger.ts'
import { openLog } from '../server/logging/winston-logger.ts'
import { refuseWhatIsNotServed, withoutEffect } from '../server/not-served.ts'
import { ElectionPortError } from '../server/quorum/election-port-error.ts'
import { RecoveryError } from '../server/recovery.ts'
import { type RunningServer, startServer } from '../server/server.ts'
import { notifyServiceManager } from '../server/service-notify.ts'
import { StorageError } from '../storage/storage-error.ts'

/** Exit codes, as upstream's. */
const ExitCode = { unexpected: 1, badConfig: 2, dataDir: 3, electionPort: 14 } as const

/** Starts a server from command line and environment, and runs until it is told to stop. */
async function main(): Promise<void> {
  const { settings, notices } = loadSettings({
    args: process.argv.slice(2),
    env: process.env,
    workingDirectory: process.cwd()
  })
  const logs = openLog(settings.logging, process.stdout)
  for (const { level, message } of notices) logs.root[level](message)
  const { file } = settings.audit
  const audit = file === null ? null : openAuditLog(file, logs.root.child('audit'))
  const server = await start(settings, logs, audit)
  audit?.deed('serverStart', 'success')
  stopOnSignals(server, logs, audit)
  announce(settings, server)
}

/** A start that fails is the last line of the audit log. */
async function start(settings: ServerSettings, logs: LogSystem, audit: AuditLog | null): Promise<RunningServer> {
  try {
    refuseWhatIsNotServed(settings)
    for (const line of withoutEffect(settings)) logs.root.warn(line)
    return await startServer({ settings, log: logs.root, audit, fourLetterWords: createFourLetterWords })
  } catch (error) {
    audit?.deed('serverStart', 'failure')
    await audit?.close()
    throw error
  }
}

function announce(settings: ServerSettings, server: RunningServer): void {
  const { clientPort, secureClientPort, adminPort, metricsPort } = server
  const { address, secureAddress } = settings.client
  const hasPlain = clientPort > 0
  const host = hasPlain ? address : secureAddress
  const port = hasPlain ? clientPort : secureClientPort
  const where = `${port} (${host ?? 'all addresses'}${hasPlain ? '' : ', TLS'})`
  const secureToo = hasPlain && secureClientPort !== null ? ` and ${secureClientPort} (TLS)` : ''
  const { standalone, serverId, members } = settings.quorum
  const how = standalone ? 'is ready' : `is server ${serverId} of ${members.length} and looks for a leader`
  process.stdout.write(
    `zoonode ${how}: clients on port ${where}${secureToo}, data in ${settings.storage.dataDir}\n` +
      `connect with: bin/zkCli.sh -server ${host ?? 'localhost'}:${port}\n`
  )
  // Who has started it with a channel, as Node's child_process does, is told where it listens.
  process.send?.({ clientPort, secureClientPort, adminPort, metricsPort })
  const status = standalone ? 'serving' : `server ${serverId} of ${members.length}`
  notifyServiceManager(process.env, 'READY=1', `STATUS=${status}, clients on port ${port}`)
}

function stopOnSignals(server: RunningServer, logs: LogSystem, audit: AuditLog | null): void {
  const stop = (signal: NodeJS.Signals): void => {
    logs.root.info(`${signal}: stopping`)
    notifyServiceManager(process.env, 'STOPPING=1')
    audit?.deed('serverStop', 'invoked')
    server.stop().then(
      async () => {
        await audit?.close()
        await logs.close()
        process.exit(0)
      },
      (error: unknown) => exitAtOnce(`could not stop in order: ${messageOf(error)}`)
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** One line for the operator and the code that scripts see. */
function describeFailure(error: unknown): { readonly line: string; readonly code: number } {
  if (error instanceof ConfigError) return { line: error.message, code: ExitCode.badConfig }
  if (error instanceof StorageError || error instanceof RecoveryError) {
    return { line: error.message, code: ExitCode.dataDir }
  }
  if (error instanceof ElectionPortError) {
    const { line } = describeFailure(error.cause)
    return { line: `the election port cannot be opened: ${line}`, code: ExitCode.electionPort }
  }
  const { code, address, port, path, hostname } = error as {
    code?: string
    address?: string
    port?: number
    path?: string
    hostname?: string
  }
  const where = `port ${port}${address === undefined ? '' : ` of ${address}`}`
  if (code === 'EADDRINUSE') return { line: `${where} is in use by another program`, code: ExitCode.unexpected }
  if (code === 'EACCES' && port !== undefined) {
    return { line: `no permission to listen on ${where}`, code: ExitCode.unexpected }
  }
  if (code !== undefined && path !== undefined && error instanceof Error) {
    return { line: `cannot use the data directory: ${error.message}`, code: ExitCode.dataDir }
  }
  if (code === 'EADDRNOTAVAIL') return { line: `${address} is no address of this machine`, code: ExitCode.unexpected }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      line: `the host name ${hostname} of a port to listen on cannot be resolved (${code})`,
      code: ExitCode.unexpected
    }
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { line: detail, code: ExitCode.unexpected }
}

process.on('uncaughtException', (error) => exitAtOnce(`unexpected: ${error.stack ?? error.message}`))

main().catch((error: unknown) => {
  const { line, code } = describeFailure(error)
  process.stderr.write(`zoonode: ${line}\n`)
  process.exit(code)
})
