import { readSync } from 'node:fs'
import { runTool } from '../tools/run-tool.ts'
import { StandardOutput } from '../tools/text-output.ts'
import { txnLogToolkit } from '../tools/txn-log/main.ts'

/** Shows, recovers and chops log files: `zkTxnLogToolkit.sh`. */

const STDIN = 0

await runTool((args, out) => {
  txnLogToolkit(args, {
    out,
    warn: (message) => process.stderr.write(`${message}\n`),
    ask: (question) => {
      out.write(question)
      if (out instanceof StandardOutput) out.flush()
      return readLine()
    }
  })
})

/** The next line of standard input, or null at its end. */
function readLine(): string | null {
  const byte = Buffer.alloc(1)
  const bytes: number[] = []
  while (readSync(STDIN, byte) > 0) {
    const [value = 0] = byte
    if (value === 0x0a) return Buffer.from(bytes).toString()
    bytes.push(value)
  }
  return bytes.length === 0 ? null : Buffer.from(bytes).toString()
}
