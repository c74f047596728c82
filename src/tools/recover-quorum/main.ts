import { parseArgs } from 'node:util'
import { ConfigError } from '../../server/config/config-error.ts'
import { loadSettings } from '../../server/config/load-settings.ts'
import type { StorageLogger } from '../../storage/storage.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { carryOut, planRecovery, type RecoverOptions, reportOf } from './recover-quorum.ts'

/** `zkRecoverQuorum.sh` */

const USAGE = [
  'usage: zkRecoverQuorum.sh [--config FILE] [--dry-run] [--yes] [--force]',
  '',
  '  Makes a server serve alone whose ensemble has lost its quorum for good. The server must be stopped, and the others must not',
  '  come back with their data. What it has becomes all there is; what may be lost by that is shown first.',
  '',
  '  --config FILE  the configuration of this server (default: conf/zoo.cfg)',
  '  --dry-run      shows what there is and what would be done',
  '  --yes          does it without asking',
  '  --force        although other members can be reached'
].join('\n')

const EXIT_USAGE = 2
const EXIT_REFUSED = 4

export interface RecoverTool {
  readonly out: TextOutput
  readonly log: StorageLogger
  /** Asks the operator; null where nobody is there to be asked. */
  readonly ask: ((question: string) => string | null) | null
  readonly workerUrl?: URL
}

/** @throws ToolError, StorageError, RecoveryError */
export async function recoverQuorumTool(args: readonly string[], tool: RecoverTool): Promise<void> {
  const values = parse(args)
  if (values.help === true) return tool.out.write(`${USAGE}\n`)
  const configFile = values.config
  if (configFile === undefined) throw usageError('which configuration? --config FILE')
  const options: RecoverOptions = {
    settings: settingsOf(configFile),
    configFile,
    isForced: values.force === true,
    log: tool.log,
    nowMs: () => Date.now(),
    workerUrl: tool.workerUrl
  }
  const plan = await planRecovery(options)
  tool.out.write(reportOf(plan))
  if (values['dry-run'] === true) return tool.out.write('\nnothing was changed\n')
  if (values.yes !== true && !isConfirmed(tool)) {
    throw new ToolError('zkRecoverQuorum: nothing was changed; --yes does it', EXIT_REFUSED)
  }
  const { oldFolders, oldConfigFile } = await carryOut(plan, options)
  tool.out.write(
    [
      '',
      `done: server ${plan.self.id} can be started, alone`,
      `the old data is in ${oldFolders.join(' and ')}, the old configuration in ${oldConfigFile}`,
      'others must come back empty, one at a time: see "Losing the quorum for good" in docs/operations.md',
      ''
    ].join('\n')
  )
}

function isConfirmed({ ask }: RecoverTool): boolean {
  return ask !== null && ask('\nIs the quorum lost for good, and is this to be done? Type yes: ')?.trim() === 'yes'
}

function parse(args: readonly string[]) {
  const options = {
    config: { type: 'string' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
    force: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' }
  } as const
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw usageError((error as Error).message) // parseArgs throws nothing else
  }
}

function settingsOf(configFile: string) {
  try {
    return loadSettings({ args: ['--config', configFile], env: process.env, workingDirectory: process.cwd() }).settings
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ToolError(`zkRecoverQuorum: ${error.message}`, EXIT_USAGE, { cause: error })
  }
}

function usageError(message: string): ToolError {
  return new ToolError(`zkRecoverQuorum: ${message}\n${USAGE}`, EXIT_USAGE)
}
