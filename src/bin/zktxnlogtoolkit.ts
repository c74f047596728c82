import { runTool } from '../tools/run-tool.ts'
import { readLine } from '../tools/standard-input.ts'
import { txnLogToolkit } from '../tools/txn-log/main.ts'

/** Shows, recovers and chops log files: `zkTxnLogToolkit.sh`. */

await runTool((args, out) => {
  txnLogToolkit(args, {
    out,
    warn: (message) => process.stderr.write(`${message}\n`),
    ask: (question) => {
      out.write(question)
      out.flush()
      return readLine()
    }
  })
})
