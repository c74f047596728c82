import { spawn } from 'node:child_process'

/**
 * Tells the service manager of systemd (`Type=notify`) how the server is. Node.js has no datagram sockets of the kind that it listens on, so
 * systemd's own program sends it; the unit needs `NotifyAccess=all`. Without NOTIFY_SOCKET nothing happens.
 *
 * @param state of sd_notify(3), such as `READY=1`
 */
export function notifyServiceManager(env: NodeJS.ProcessEnv, ...state: readonly string[]): void {
  if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === '') return
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...state], { env, stdio: 'ignore' })
  // Without it the unit's start would time out, which is said there.
  child.on('error', (error) => process.stderr.write(`systemd-notify: ${error.message}\n`))
  child.unref()
}
