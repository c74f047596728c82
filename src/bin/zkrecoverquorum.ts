import { recoverQuorumTool } from '../tools/recover-quorum/main.ts'
import { runTool } from '../tools/run-tool.ts'
import { readLine } from '../tools/standard-input.ts'

/** Brings the last member of an ensemble back: `zkRecoverQuorum.sh`. */

const say = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

await runTool((args, out) =>
  recoverQuorumTool(args, {
    out,
    log: { info: say, warn: say, error: say },
    ask: process.stdin.isTTY
      ? (question) => {
          out.write(question)
          out.flush()
          return readLine()
        }
      : null
  })
)
