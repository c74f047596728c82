import { join } from 'node:path'
import { HIDDEN, isSecret } from '../../server/config/secrets.ts'
import { environmentEntries } from '../process-figures.ts'
import type { AdminTarget } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, type CommandRequest, command } from './command.ts'
import { type JsonField, lazily, list, object } from './json-text.ts'

/** Version of the digest that the tree has, as upstream numbers them. */
const DIGEST_VERSION = 2

/** What the server is and how it was configured. */
export const stateCommands: readonly AdminCommand[] = [
  command('configuration', configuration, { aliases: ['conf', 'config'] }),
  command('dirs', ({ view }) => ({
    fields: [
      ['datadir_size', view.dataDirBytes()],
      ['logdir_size', view.logDirBytes()]
    ]
  })),
  command('environment', () => ({ fields: environmentEntries() }), {
    aliases: ['env', 'envi'],
    needsServing: false
  }),
  command('get_trace_mask', ({ view }) => ({ fields: [['tracemask', view.traceMask()]] }), {
    aliases: ['gtmk'],
    needsServing: false
  }),
  command('hash', hash),
  command(
    'initial_configuration',
    ({ initialConfiguration }) => ({ fields: [['initial_configuration', initialConfiguration]] }),
    { aliases: ['icfg'] }
  ),
  command('is_read_only', ({ view }) => ({ fields: [['read_only', view.mode() === 'read-only']] }), {
    aliases: ['isro']
  }),
  command('last_snapshot', lastSnapshot, { aliases: ['lsnp'] }),
  command('ruok', () => ({})),
  command('set_trace_mask', setTraceMask, { aliases: ['stmk'], needsServing: false, methods: ['GET', 'POST'] }),
  command('system_properties', systemProperties, { aliases: ['sysp'], needsServing: false })
]

function configuration({ view }: AdminTarget): CommandAnswer {
  const { client, session, storage, quorum } = view.settings
  return {
    fields: [
      ['client_port', view.clientPort() ?? -1],
      ['data_dir', join(storage.dataDir, 'version-2')],
      ['data_log_dir', join(storage.dataLogDir, 'version-2')],
      ['tick_time', session.tickTimeMs],
      ['max_client_cnxns', client.maxClientCnxns],
      ['min_session_timeout', session.minTimeoutMs],
      ['max_session_timeout', session.maxTimeoutMs],
      // compat: a standalone server says 0, whatever its myid.
      ['server_id', quorum.standalone ? 0 : quorum.serverId],
      ['client_port_listen_backlog', client.listenBacklog ?? -1]
    ]
  }
}

function hash({ view }: AdminTarget): CommandAnswer {
  const digests = lazily(view.digestLog(), ({ zxid, digest }) =>
    object([
      ['zxid', zxid],
      ['digest', BigInt.asIntN(64, digest)],
      ['digest_version', DIGEST_VERSION]
    ])
  )
  return { fields: [['digests', list(digests)]] }
}

async function lastSnapshot(target: AdminTarget): Promise<CommandAnswer> {
  const info = await target.lastSnapshot()
  return {
    fields: [
      // compat: Long.toHexString(-1) where there is none.
      ['zxid', BigInt.asUintN(64, info?.zxid ?? -1n).toString(16)],
      ['timestamp', info === null ? -1 : Math.floor(info.takenMs / 1000)]
    ]
  }
}

function setTraceMask({ view }: AdminTarget, { parameters }: CommandRequest): CommandAnswer {
  const text = parameters.get('traceMask')
  const problem = 'setTraceMask requires long traceMask argument'
  if (text === undefined) return { error: problem }
  const mask = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace('+', '')) : null
  if (mask === null || BigInt.asIntN(64, mask) !== mask) return { error: `${problem}, got ${text}` }
  view.setTraceMask(mask)
  return { fields: [['tracemask', mask]] }
}

/**
 * The properties in effect, and those of the machine that tools look for, by name.
 */
function systemProperties({ view }: AdminTarget): CommandAnswer {
  const properties = new Map<string, string>([
    ['file.encoding', 'UTF-8'],
    ['file.separator', '/'],
    ['line.separator', '\n'],
    ['path.separator', ':'],
    ...environmentEntries().filter(([name]) => /^(java|os\.(name|arch|version)|user)\b/.test(name)),
    ['java.vm.name', 'Node.js'],
    ['java.vm.version', process.versions.v8]
  ])
  for (const [name, value] of view.settings.source.properties) properties.set(name, value)
  const names = [...properties.keys()].sort()
  const fields: JsonField[] = names.map((name) => [name, isSecret(name) ? HIDDEN : (properties.get(name) ?? '')])
  return { fields }
}
