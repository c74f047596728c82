import { join } from 'node:path'
import { type RunningServer, type Settings, startServer } from '../../interop/differential/servers.ts'

/**
 * Starts the server that hostile input is sent to. HOSTILE_SERVER=apache runs the same tests against Apache ZooKeeper,
 * which shows that what they expect is what it does.
 */
export function startHostileTarget(settings: Settings = {}): Promise<RunningServer> {
  const kind = process.env.HOSTILE_SERVER === 'apache' ? 'apache' : 'zoonode'
  return startServer(kind, {
    projectRoot: join(__dirname, '../..'),
    settings: {
      maxClientCnxns: '0',
      '4lw.commands.whitelist': '*',
      'admin.enableServer': 'false',
      'nio.sessionlessCnxnTimeout': '1000',
      ...settings
    }
  })
}

/** True when the target is ours, for what is promised of it alone (memory, latency). */
export const isZoonode = process.env.HOSTILE_SERVER !== 'apache'
