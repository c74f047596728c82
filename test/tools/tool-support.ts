import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TextOutput } from '../../src/tools/text-output.ts'
import { ToolError } from '../../src/tools/tool-error.ts'
import { capturedFile } from '../storage/apache-files/support/apache-folder.ts'

/** Keeps what a tool prints. */
export class PrintedText implements TextOutput {
  text = ''

  write(text: string): void {
    this.text += text
  }
}

/** What Apache's tool prints; see fixtures/README.md. */
export function printedByApache(name: string): string {
  return readFileSync(join(__dirname, 'fixtures', name), 'utf8')
}

/** A fresh folder with files for a tool. */
export class ToolFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'zoonode-tool-'))

  /** Puts a file of a real server there, such as `plain/log.1`, under the last part of its name. */
  putCaptured(name: string): string {
    return this.put(name.slice(name.lastIndexOf('/') + 1), capturedFile(name))
  }

  put(name: string, bytes: Uint8Array): string {
    writeFileSync(join(this.path, name), bytes)
    return join(this.path, name)
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What a tool says when it cannot do something, with its exit code. */
export async function refusalOf(run: () => Promise<void> | void): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ToolError) return `${error.exitCode}: ${error.message}`
    throw error
  }
  throw new Error('it was not refused')
}
