import { existsSync, renameSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { formatConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleConfig, EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'
import { verifierOf } from '../../core/zab/quorum/verifier-of.ts'
import { highWord, lowWord } from '../../protocol/int64.ts'
import type { ServerSettings } from '../../server/config/settings.ts'
import { ConfigFiles } from '../../server/quorum/config-files.ts'
import { recover } from '../../server/recovery.ts'
import { syncDirectory } from '../../storage/directory.ts'
import { showZxid, versionFolder } from '../../storage/file-names.ts'
import { OfflineStore } from '../../storage/offline-store.ts'
import type { StorageLogger } from '../../storage/storage.ts'
import { toStorageError } from '../../storage/storage-error.ts'
import { EPOCHS_SKIPPED } from '../backup/new-epoch.ts'
import { digestOf, lastZxidOf, newState, type State } from '../migrate/state.ts'
import { makeStore } from '../new-store.ts'
import { ToolError } from '../tool-error.ts'
import { reachableMembers } from './reachable-members.ts'

/**
 * Makes an ensemble of one of a member whose quorum is lost for good.
 *
 * What this member has becomes the history, in an epoch far above all that the others can have come to: so nothing that
 * they wrote without it has a zxid that is given out again, and one of them that comes back with its old data is brought
 * up by a snapshot, never by a part of another history.
 */

const EXIT_REFUSED = 4
const CONFIG_PATH = '/zookeeper/config'

export interface RecoverOptions {
  readonly settings: ServerSettings
  readonly configFile: string
  /** Although members answer. */
  readonly isForced: boolean
  readonly log: StorageLogger
  readonly nowMs: () => number
  readonly workerUrl?: URL | undefined
}

/** What there is, and what is going to be made of it. */
export interface RecoveryPlan {
  readonly self: EnsembleMember
  readonly others: readonly { readonly member: EnsembleMember; readonly isReachable: boolean }[]
  readonly lastZxid: bigint
  readonly digest: bigint
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly sessionCount: number
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number | null
  readonly oldConfig: EnsembleConfig
  readonly newConfig: EnsembleConfig
  /** Where the server goes on: the begin of an epoch. */
  readonly newZxid: bigint
  readonly state: State
}

/**
 * Looks at everything, changes nothing (but what any start puts in order).
 *
 * @throws ToolError when this must not be done; StorageError LOCKED while a server runs there, DAMAGED, INCOMPLETE
 */
export async function planRecovery({ settings, isForced, log }: RecoverOptions): Promise<RecoveryPlan> {
  const { quorum, storage } = settings
  const oldConfig = {
    members: quorum.members,
    groups: quorum.groups,
    weights: quorum.weights,
    version: quorum.configVersion
  }
  const self = quorum.members.find(({ id }) => id === quorum.serverId)
  if (self === undefined || quorum.standalone) {
    throw new ToolError(
      'the configuration is that of a standalone server: it needs no quorum, just start it',
      EXIT_REFUSED
    )
  }
  const others = quorum.members.filter(({ id }) => id !== self.id)
  // The lock comes first: a server of this directory would answer as well.
  const store = OfflineStore.open(storage.dataDir, storage.dataLogDir, (level, message) => log[level](message))
  try {
    const reachable = await reachableMembers(others)
    assertNoQuorum(oldConfig, self, reachable, isForced)
    const state = newState()
    await recover(store.recovery(), state.tree, state.sessions, () => 0)
    const { acceptedEpoch, currentEpoch } = store
    const lastZxid = lastZxidOf(state)
    const epoch = Math.max(acceptedEpoch ?? 0, currentEpoch ?? 0, Number(BigInt.asUintN(64, lastZxid) >> 32n))
    const newZxid = BigInt.asIntN(64, BigInt(epoch + EPOCHS_SKIPPED) << 32n)
    const { tree, sessions } = state
    return {
      self,
      others: others.map((member) => ({ member, isReachable: reachable.has(member.id) })),
      lastZxid,
      digest: digestOf(tree),
      nodeCount: tree.nodeCount,
      ephemeralCount: tree.ephemeralCount,
      sessionCount: sessions.size,
      acceptedEpoch,
      currentEpoch,
      oldConfig,
      newConfig: {
        members: [{ ...self, role: 'participant' }],
        groups: [],
        weights: new Map(),
        version: newZxid
      },
      newZxid,
      state
    }
  } finally {
    store.close()
  }
}

function assertNoQuorum(
  config: EnsembleConfig,
  self: EnsembleMember,
  reachable: ReadonlySet<number>,
  isForced: boolean
): void {
  if (isForced || reachable.size === 0) return
  const verifier = verifierOf(config)
  const who = [...reachable].map((id) => `server ${id}`).join(', ')
  if (verifier.isQuorum(reachable)) {
    throw new ToolError(
      `${who} can be reached, and they are a quorum without this server: start it, and it follows`,
      EXIT_REFUSED
    )
  }
  if (verifier.isQuorum(new Set([...reachable, self.id]))) {
    throw new ToolError(
      `${who} can be reached, and with this server they are a quorum: start it; --force if they are not what they seem`,
      EXIT_REFUSED
    )
  }
  throw new ToolError(
    `${who} can be reached: one of them may have more than this server. Stop them, take the one with the greatest zxid ` +
      '(zkRecoverQuorum.sh --dry-run shows it), and --force if they are not what they seem',
    EXIT_REFUSED
  )
}

/** What an operator has to know before it is done, and has to keep afterwards. */
export function reportOf({ self, others, newConfig, oldConfig, ...plan }: RecoveryPlan): string {
  const contents = `${plan.nodeCount} znodes (${plan.ephemeralCount} ephemeral), ${plan.sessionCount} sessions`
  const lines = [
    `server ${self.id} has: last zxid ${showZxid(plan.lastZxid)}, ${contents}, tree digest ${showZxid(plan.digest)}`,
    `epochs: accepted ${plan.acceptedEpoch ?? 'none'}, current ${plan.currentEpoch ?? 'none'}`,
    ...others.map(
      ({ member, isReachable }) =>
        `server ${member.id} (${member.role}, ${member.addresses.map(({ host }) => host).join(', ')}): ` +
        (isReachable ? 'can be reached' : 'cannot be reached')
    ),
    '',
    'What may be lost:',
    `- every write behind ${showZxid(plan.lastZxid)} that the others acknowledged without this server`,
    '- locks and leases that clients took with such writes: two clients may think that they hold the same one',
    'What may come back:',
    '- the last writes that this server logged, but of which no client was ever told that they had been made',
    '',
    `configuration ${oldConfig.version.toString(16)} of ${oldConfig.members.length} members is replaced by ${newConfig.version.toString(16)} of one:`,
    ...formatConfigText(newConfig)
      .split('\n')
      .map((line) => `  ${line}`),
    `epoch ${BigInt.asUintN(64, plan.newZxid) >> 32n} begins: the next write has a zxid above ${showZxid(plan.newZxid)}`
  ]
  return `${lines.join('\n')}\n`
}

export interface RecoveredQuorum {
  /** Where the old data is now. */
  readonly oldFolders: readonly string[]
  /** What the configuration was. */
  readonly oldConfigFile: string
}

/**
 * Carries the plan out. The old data is moved aside, nothing of it is removed.
 *
 * @throws StorageError; the old data is in its place then, or beside it under the name that a message says
 */
export async function carryOut(plan: RecoveryPlan, options: RecoverOptions): Promise<RecoveredQuorum> {
  const { settings, configFile, nowMs, log, workerUrl } = options
  const { dataDir, dataLogDir } = settings.storage
  const { state, newZxid, newConfig } = plan
  showConfiguration(state, newConfig, nowMs())
  state.tree.setLastZxid(highWord(newZxid), lowWord(newZxid))
  const suffix = `before-recovery.${new Date(nowMs()).toISOString().replaceAll(/[-:.]/g, '')}`
  const oldFolders = moveAside(new Set([dataDir, dataLogDir]), suffix)
  const epoch = Number(BigInt.asUintN(64, newZxid) >> 32n)
  try {
    await makeStore({ dataDir, dataLogDir, state, acceptedEpoch: epoch, currentEpoch: epoch, log, workerUrl })
  } catch (error) {
    moveBack(oldFolders, suffix)
    throw error
  }
  const oldConfigFile = `${configFile}.${suffix}`
  try {
    await copyFile(configFile, oldConfigFile)
    await new ConfigFiles(configFile, plan.self.id).writeCurrent(formatConfigText(newConfig))
  } catch (error) {
    throw toStorageError(
      error,
      `the data is recovered, but ${configFile} could not be changed: leave server.${plan.self.id} alone in it; `
    )
  }
  return { oldFolders, oldConfigFile }
}

function moveAside(directories: ReadonlySet<string>, suffix: string): string[] {
  const moved: string[] = []
  try {
    for (const directory of directories) {
      const folder = versionFolder(directory)
      if (!existsSync(folder)) continue
      renameSync(folder, `${folder}.${suffix}`)
      moved.push(`${folder}.${suffix}`)
      syncDirectory(directory)
    }
    return moved
  } catch (error) {
    moveBack(moved, suffix)
    throw toStorageError(error, 'moving the old data aside')
  }
}

function moveBack(folders: readonly string[], suffix: string): void {
  for (const folder of folders) renameSync(folder, folder.slice(0, -suffix.length - 1))
}

/** As a member shows it in its tree. */
function showConfiguration({ tree }: State, config: EnsembleConfig, nowMs: number): void {
  const [zxidHi, zxidLo] = [highWord(config.version), lowWord(config.version)]
  const time = BigInt(nowMs)
  const header = {
    clientIdHi: 0,
    clientIdLo: 0,
    cxid: 0,
    zxidHi,
    zxidLo,
    timeHi: highWord(time),
    timeLo: lowWord(time),
    type: 5
  }
  const data = Buffer.from(formatConfigText(config))
  tree.apply({ header, body: { kind: 'setData', type: 5, path: CONFIG_PATH, data, version: -1 }, digest: null }, null)
}
