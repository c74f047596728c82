import { RecoveryError } from '../server/recovery.ts'
import { StorageError } from '../storage/storage-error.ts'
import { StandardOutput } from './text-output.ts'
import { ToolError } from './tool-error.ts'

const EXIT_UNEXPECTED = 1

/** Runs a tool as a process: its output, its exit code, one line on stderr for what it cannot do. */
export async function runTool(
  tool: (args: readonly string[], out: StandardOutput) => Promise<void> | void
): Promise<void> {
  const out = new StandardOutput()
  try {
    await tool(process.argv.slice(2), out)
    out.flush()
  } catch (error) {
    out.flush()
    process.stderr.write(`${describe(error)}\n`)
    process.exitCode = error instanceof ToolError ? error.exitCode : EXIT_UNEXPECTED
  }
}

function describe(error: unknown): string {
  if (error instanceof ToolError || error instanceof StorageError || error instanceof RecoveryError)
    return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
