import { backupTool } from '../tools/backup/main.ts'
import { runTool } from '../tools/run-tool.ts'

/** Backups: `zkBackup.sh`. */

const say = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

await runTool((args, out) => backupTool(args, { out, log: { info: say, warn: say, error: say } }))
